import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseRedisLocation, problemOfPrefix } from './redis-location.ts'

const plain = { isEncrypted: false, username: undefined, password: undefined }

describe('where Redis is', () => {
  test('one server, with or without user, port, database and TLS', () => {
    const host = { host: 'redis.example', port: 6379 }
    assert.deepEqual(parseRedisLocation('redis://redis.example'), { ...plain, kind: 'single', host, database: 0 })
    assert.deepEqual(parseRedisLocation('rediss://ada:p%40ss@[::1]:6380/3'), {
      ...{ isEncrypted: true, username: 'ada', password: 'p@ss' },
      ...{ kind: 'single', host: { host: '::1', port: 6380 }, database: 3 },
    })
    assert.deepEqual(parseRedisLocation('redis://:only@127.0.0.1:6379'), {
      ...{ isEncrypted: false, username: undefined, password: 'only' },
      ...{ kind: 'single', host: { host: '127.0.0.1', port: 6379 }, database: 0 },
    })
  })

  test('Sentinels and the name of their master, which may have other credentials than they', () => {
    const url = 'redis+sentinel://:secret@one,two:26380/mymaster/2?sentinel_username=s&sentinel_password=other'
    assert.deepEqual(parseRedisLocation(url), {
      ...{ isEncrypted: false, username: undefined, password: 'secret', kind: 'sentinel', master: 'mymaster' },
      ...{
        sentinels: [
          { host: 'one', port: 26_379 },
          { host: 'two', port: 26_380 },
        ],
        database: 2,
      },
      ...{ sentinelUsername: 's', sentinelPassword: 'other' },
    })
  })

  test('the nodes of a cluster', () => {
    const nodes = [
      { host: 'a', port: 7000 },
      { host: 'b', port: 6379 },
    ]
    assert.deepEqual(parseRedisLocation('rediss+cluster://a:7000,b'), {
      ...plain,
      isEncrypted: true,
      kind: 'cluster',
      nodes,
    })
  })

  const bad = {
    'http://redis.example': /^must be redis:\/\//,
    'redis://one,two': /names several hosts/,
    'redis://one/name': /number of the database/,
    'redis://one?family=6': /no parameters/,
    'redis://one:99999': /has a host/,
    'redis+sentinel://one': /must end with \/<master name>/,
    'redis+sentinel://one/mymaster/x': /must end with \/<master name>/,
    'redis+sentinel://one/mymaster?tls=1': /sentinel_password/,
    'redis+cluster://one/3': /no database/,
    'redis://a:%zz@one': /not percent-encoded/,
  }
  for (const [url, problem] of Object.entries(bad))
    test(`refuses ${url} and says why`, () => {
      assert.match(String(parseRedisLocation(url)), problem)
    })

  test('what is wrong with a URL is told without its password', () => {
    assert.ok(!String(parseRedisLocation('redis://ada:MARKED@one,two/x')).includes('MARKED'))
    assert.ok(!String(parseRedisLocation('tcp://ada:MARKED@one')).includes('MARKED'))
  })
})

test('a prefix in a cluster has braces, so that all keys are on one node', () => {
  assert.match(problemOfPrefix('auth', 'cluster') ?? '', /such as \{auth\}/)
  assert.match(problemOfPrefix('{}auth', 'cluster') ?? '', /such as \{auth\}/)
  assert.equal(problemOfPrefix('{auth}', 'cluster'), undefined)
  assert.equal(problemOfPrefix('auth', 'single'), undefined)
  assert.match(problemOfPrefix('with space', 'single') ?? '', /printable/)
})
