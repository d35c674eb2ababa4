import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkOf } from './network.ts'

test('counts an IPv4 address by itself', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7')
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(networkOf('::ffff:c000:207'), '192.0.2.7')
})

test('counts an IPv4 address behind NAT64 by itself', () => {
  assert.equal(networkOf('64:ff9b::192.0.2.7'), '192.0.2.7')
  assert.equal(networkOf('64:FF9B:0:0:0:0:c633:6409'), '198.51.100.9')
  assert.equal(networkOf('64:ff9b:1::192.0.2.7'), '64:ff9b:1:0::/64')
})

test('counts all of a /64 together, however its addresses are written', () => {
  const spellings = ['2001:db8:1:2::1', '2001:DB8:1:2:ffff:0:0:9', '2001:0db8:0001:0002::', '2001:db8:1:2::3%eth0']
  for (const address of spellings) assert.equal(networkOf(address), '2001:db8:1:2::/64', address)
  assert.equal(networkOf('2001:db8:1:3::1'), '2001:db8:1:3::/64')
  assert.equal(networkOf('fe80::1'), 'fe80:0:0:0::/64')
  assert.equal(networkOf('::1'), '0:0:0:0::/64')
})

test('leaves what is no address as it is', () => {
  assert.equal(networkOf('unknown'), 'unknown')
})
