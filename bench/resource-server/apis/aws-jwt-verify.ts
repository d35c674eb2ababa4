// aws-jwt-verify on Express as its README shows the verifier for other issuers. It fetches by https only: the agent makes its own
// fetcher, with its time-outs and its retry, speak http. It has no option for the age of its cache: it has none.
import { Agent } from 'node:http'
import { JwtVerifier } from 'aws-jwt-verify'
import { SimpleFetcher } from 'aws-jwt-verify/https'
import { SimpleJwksCache } from 'aws-jwt-verify/jwk'
import express from 'express'
import { audience, issuer, jwksUri, openAnswer, port } from './settings.ts'

const fetcher = new SimpleFetcher({ defaultRequestOptions: { agent: new Agent() } })
const jwksCache = new SimpleJwksCache({ fetcher })
const verifier = JwtVerifier.create({ issuer, audience, jwksUri }, { jwksCache })

const app = express()
app.get('/open', (_request, response) => void response.json(openAnswer))
app.get('/protected', async (request, response) => {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  try {
    const { sub } = await verifier.verify(token ?? '')
    response.json({ sub })
  } catch {
    response.status(401).json({ error: 'invalid_token' })
  }
})
app.listen(port, '127.0.0.1')
