/**
 * The text of a refresh token, and its proof:
 *
 *   rt1. + base64url( version 1 ‖ pepper id 1 ‖ rid 16 ‖ gen varint ‖ att varint ‖ MAC 16 )
 *   MAC = first 16 bytes of HMAC-SHA256(K, everything before it ‖ client id),  K = HKDF-SHA256(pepper, salt = rid)
 *
 * `rid` is the session's secret name; the store holds only its SHA-256. So a forged token is refused before the store is
 * touched, and neither a leaked database (no rid, no pepper) nor a leaked pepper (no rid) can make one. Because the
 * successor is computed from what the presenter brings, a retry gets the same answer and no token is ever stored.
 */
import { createHmac, createSecretKey, hash, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { PresentedToken } from './rotation.ts'

const prefix = 'rt1.'
const version = 1
const ridLength = 16
const macLength = 16
/** Two counters of at most five bytes each: longer texts are refused before they are decoded. */
const maxTextLength = prefix.length + Math.ceil(((2 + ridLength + 10 + macLength) * 4) / 3)

/** Secrets from which refresh tokens are proven, by their id (0 to 255). */
export interface Peppers {
  /** The id with which new generations are made. */
  readonly current: number
  readonly byId: ReadonlyMap<number, KeyObject>
}

export interface RefreshToken extends PresentedToken {
  readonly pepperId: number
  /** 16 random bytes: the session's secret name. */
  readonly rid: Uint8Array
}

/** Makes a pepper of 32 random bytes, ready for use: nothing is converted per token. */
export function toPepper(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes)
}

/** Writes a refresh token for a client. */
export function encodeRefreshToken(token: RefreshToken, clientId: string, peppers: Peppers): string {
  const body = Buffer.from([version, token.pepperId, ...token.rid, ...varint(token.gen), ...varint(token.att)])
  return (
    prefix +
    Buffer.concat([body, mac(body, token.rid, clientId, getPepper(peppers, token.pepperId))]).toString('base64url')
  )
}

/** Reads a refresh token and proves that this server made it for this client; `undefined` for anything else. */
export function parseRefreshToken(text: string, clientId: string, peppers: Peppers): RefreshToken | undefined {
  const bytes = decode(text)
  if (bytes === undefined) return undefined
  const body = bytes.subarray(0, bytes.length - macLength)
  const pepperId = body.readUInt8(1)
  const pepper = peppers.byId.get(pepperId)
  const rid = body.subarray(2, 2 + ridLength)
  if (pepper === undefined) return undefined
  if (!timingSafeEqual(mac(body, rid, clientId, pepper), bytes.subarray(body.length))) return undefined

  const gen = readVarint(body, 2 + ridLength)
  const att = gen && readVarint(body, gen.end)
  return gen && att?.end === body.length
    ? { pepperId, rid: new Uint8Array(rid), gen: gen.value, att: att.value }
    : undefined
}

/** Reads which pepper a text claims to be proven with, which says nothing about its truth; `undefined` for what is no refresh token. */
export function pepperIdOf(text: string): number | undefined {
  return decode(text)?.readUInt8(1)
}

function decode(text: string): Buffer | undefined {
  if (!text.startsWith(prefix) || text.length > maxTextLength) return undefined
  const bytes = Buffer.from(text.slice(prefix.length), 'base64url')
  if (prefix + bytes.toString('base64url') !== text) return undefined
  return bytes.length < 2 + ridLength + 2 + macLength || bytes[0] !== version ? undefined : bytes
}

/** Tells whether a text claims to be a refresh token of ours, which says nothing about its truth. */
export function looksLikeRefreshToken(text: string): boolean {
  return text.startsWith(prefix)
}

/** The name under which a store finds the session of a refresh token: SHA-256 of its rid. */
export function hashRid(rid: Uint8Array): Uint8Array {
  return hash('sha256', rid, 'buffer')
}

function getPepper(peppers: Peppers, id: number): KeyObject {
  const pepper = peppers.byId.get(id)
  if (pepper === undefined) throw new Error(`pepper ${id} is not in the database`)
  return pepper
}

function mac(body: Uint8Array, rid: Uint8Array, clientId: string, pepper: KeyObject): Uint8Array {
  // As a key object: bare bytes cost createHmac four times as long.
  const key = createSecretKey(new Uint8Array(hkdfSync('sha256', pepper, rid, 'countersign refresh token', 32)))
  return createHmac('sha256', key).update(body).update(clientId, 'utf8').digest().subarray(0, macLength)
}

/** Seven bits a byte, lowest first, the high bit set on all but the last. */
function varint(value: number): number[] {
  const low = value % 128
  return value < 128 ? [low] : [low + 128, ...varint(Math.floor(value / 128))]
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } | undefined {
  let value = 0
  for (let place = 0; place < 5; place++) {
    const byte = bytes[start + place]
    if (byte === undefined) return undefined
    value += (byte % 128) * 128 ** place
    if (byte < 128) return { value, end: start + place + 1 }
  }
  return undefined
}
