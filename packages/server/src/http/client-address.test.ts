import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientAddress, parseTrustedProxies, type TrustedProxies } from './client-address.ts'

function trust(proxies: number | string[]): TrustedProxies {
  const parsed = parseTrustedProxies(proxies)
  assert.ok(parsed)
  return parsed
}

test('believes no header unless a proxy is trusted', () => {
  assert.equal(clientAddress('192.0.2.1', '6.6.6.6', trust(0)), '192.0.2.1')
  assert.equal(clientAddress('192.0.2.1', '6.6.6.6', trust([])), '192.0.2.1')
})

test('counts hops from the right, past what the client itself wrote', () => {
  assert.equal(clientAddress('10.0.0.1', '6.6.6.6, 203.0.113.9', trust(1)), '203.0.113.9')
  assert.equal(clientAddress('10.0.0.1', '6.6.6.6, 203.0.113.9, 10.0.0.2', trust(2)), '203.0.113.9')
  assert.equal(clientAddress('10.0.0.1', null, trust(2)), '10.0.0.1')
})

test('walks through trusted networks only', () => {
  const networks = trust(['10.0.0.0/8', '2001:db8::/32'])
  assert.equal(clientAddress('10.1.2.3', '6.6.6.6, 203.0.113.9, 10.9.9.9', networks), '203.0.113.9')
  assert.equal(clientAddress('192.0.2.1', '203.0.113.9', networks), '192.0.2.1')
  assert.equal(clientAddress('2001:db8::1', '203.0.113.9', networks), '203.0.113.9')
})

test('stops at an entry that is no address', () => {
  assert.equal(clientAddress('10.0.0.1', 'unknown', trust(1)), '10.0.0.1')
  for (const entry of ['203.0.113.9:', '203.0.113.9:x', '203.0.113.9:123456', '2001:db8::1]:80', '[unknown]:80', '[]'])
    assert.equal(clientAddress('10.0.0.1', entry, trust(1)), '10.0.0.1', entry)
  assert.equal(clientAddress('10.0.0.1', "'; DROP TABLE sessions; --", trust(1)), '10.0.0.1')
})

test('leaves out the port that a proxy adds', () => {
  assert.equal(clientAddress('10.0.0.1', '6.6.6.6, 203.0.113.9:1234', trust(1)), '203.0.113.9')
  assert.equal(clientAddress('10.0.0.1', '[2001:db8::1]:1234', trust(1)), '2001:db8::1')
  assert.equal(clientAddress('10.0.0.1', '[2001:db8::1]', trust(1)), '2001:db8::1')
  assert.equal(
    clientAddress('10.0.0.1', '[::ffff:203.0.113.9]:1234, 10.0.0.2:80', trust(['10.0.0.0/8'])),
    '203.0.113.9',
  )
})

test('writes an IPv4 address inside IPv6 as IPv4', () => {
  assert.equal(clientAddress('::ffff:192.0.2.1', null, trust(0)), '192.0.2.1')
  assert.equal(clientAddress('::ffff:10.0.0.1', '::FFFF:203.0.113.9', trust(['10.0.0.0/8'])), '203.0.113.9')
})

test('knows no address where there is no socket', () =>
  assert.equal(clientAddress(undefined, '1.2.3.4', trust(1)), null))

test('refuses what is neither hops nor networks', () => {
  for (const wrong of [
    -1,
    1.5,
    17,
    ['nonsense'],
    ['10.0.0.0/33'],
    ['10.0.0.0/8/8'],
    ['10.0.0.0/'],
    ['2001:db8::/129'],
  ]) {
    assert.equal(parseTrustedProxies(wrong), undefined, String(wrong))
  }
})
