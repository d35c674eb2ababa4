/** The page: a form for who is not signed in, orders for who is. Open it in two tabs and sign out in one. */
import { ClientError, createClient, type Session } from '@countersign/client'

declare const ISSUER: string

const auth = createClient({ issuer: ISSUER })
const form = find<HTMLFormElement>('#sign-in')
const orders = find('#orders')
const problem = find('#problem')

auth.onChange(show)
show(auth.session)

/** Neither of the two as long as nobody knows. */
function show({ status }: Session): void {
  form.hidden = status !== 'signed-out'
  orders.hidden = status === 'unknown' || status === 'signed-out'
  problem.textContent = ''
  if (!orders.hidden) void load()
}

async function load(): Promise<void> {
  try {
    const answer = await auth.fetch('/orders')
    const { orders: list } = (await answer.json()) as { orders: { item: string }[] }
    find('#orders ul').replaceChildren(
      ...list.map(({ item }) => Object.assign(document.createElement('li'), { textContent: item })),
    )
  } catch {
    find('#orders ul').textContent = 'The orders cannot be loaded just now.'
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const data = new FormData(form)
  const credentials = { email: String(data.get('email')), password: String(data.get('password')) }
  const isNew = (event.submitter as HTMLButtonElement | null)?.name === 'register'
  try {
    if (isNew) await auth.register(credentials)
    await auth.login(credentials)
    form.reset()
  } catch (error) {
    problem.textContent = error instanceof ClientError ? explain(error) : String(error)
  }
})

find('#reload').addEventListener('click', () => void load())
find('#sign-out').addEventListener('click', () => {
  auth.logout().catch(() => {
    problem.textContent =
      'You are signed out here, but the server could not be told. Sign out again when you are online.'
  })
})

function explain({ code, members }: ClientError): string {
  if (code === 'invalid_credentials') return 'The e-mail address or the password is wrong.'
  if (code === 'invalid_request') return members.map(({ member, detail }) => `${member} ${detail}`).join('; ')
  return 'That did not work just now. Try again.'
}

function find<Kind extends HTMLElement = HTMLElement>(selector: string): Kind {
  const element = document.querySelector<Kind>(selector)
  if (element === null) throw new Error(`index.html has no ${selector}`)
  return element
}
