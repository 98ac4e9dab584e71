/** What is masked as a secret, and what is left as it is. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commandText } from '../../../src/core/receipts/receipt.ts'
import { maskDeep, maskSecrets, publicUrl, repositoryName } from '../../../src/core/receipts/secrets.ts'
import { runs } from '../../support/property-runs.ts'

const twenty = 'Ab1'.repeat(7).slice(0, 20)
const LINES = 'MIIEow\nIBAAKC\n'

describe('in a text is masked', () => {
  test.each<[text: string, masked: string]>([
    // The value behind a name.
    ...['token', 'secret', 'password', 'passwd', 'passphrase', 'pwd', 'signature', 'credential'].map(
      (name): [string, string] => [`${name}=abc x`, `${name}=*** x`],
    ),
    ...['api', 'access', 'private'].flatMap(kind =>
      ['', '-', '_'].map((sign): [string, string] => [
        `${kind}${sign}key: abc, x`,
        `${kind}${sign}key: ***, x`,
      ]),
    ),
    ['PASSWORD=a,b\\\\c d', 'PASSWORD=*** d'],
    ['{secret: 123,"x": 1}', '{secret: ***,"x": 1}'],
    ['MY_API_TOKEN_2=abc;x', 'MY_API_TOKEN_2=***;x'],
    ['?a=1&access_token=abc&b=2', '?a=1&access_token=***&b=2'],
    ['{ token => abc }', '{ token => *** }'],
    ['{"client_secret": "abc", "x": 1}', '{"client_secret": ***, "x": 1}'],
    ["{'client_secret' : 'a b', 'x': 1}", "{'client_secret' : ***, 'x': 1}"],
    ['--api-key=abc --verbose', '--api-key=*** --verbose'],
    ['--token abc --verbose', '--token *** --verbose'],
    ['tool -token  "a b" x', 'tool -token  *** x'],
    ['tool --db.password-2 abc', 'tool --db.password-2 ***'],
    ['tool --TOKEN abc --token abc', 'tool --TOKEN *** --token ***'],
    // Quotes.
    ['DB_PASSWORD="a b c" run', 'DB_PASSWORD=*** run'],
    ['DB_PASSWORD="a \\" b\\\nc" run', 'DB_PASSWORD=*** run'],
    ["DB_PASSWORD='a\nb' run", 'DB_PASSWORD=*** run'],
    ["DB_PASSWORD='it'\\''s' 'mine'", "DB_PASSWORD=*** 'mine'"],
    ['"DB_PASSWORD=a \\" b" run', '"DB_PASSWORD=***" run'],
    ["'--token=a b' --verbose", "'--token=***' --verbose"],
    ['"{\\"password\\": \\"a b\\", \\"x\\": 1}"', '"{\\"password\\": ***, \\"x\\": 1}"'],
    ['"{\\"password\\": \\"a \\\\\\" b\\", \\"x\\": 1}"', '"{\\"password\\": ***, \\"x\\": 1}"'],
    [String.raw`\\\"token\\\":\\\"a b\\\", \\\"x\\\"`, String.raw`\\\"token\\\":***, \\\"x\\\"`],
    ['"sh -c \\"PASSWORD=abc\\""', '"sh -c \\"PASSWORD=***\\""'],
    ['password="abc def\nnext', 'password=***\nnext'],
    // What authorizes a request.
    ['Authorization: token abcdef', 'Authorization: ***'],
    ['Cookie: a=b; c=d\r\nHost: x', 'Cookie: ***\r\nHost: x'],
    ['proxy-authorization = abc', 'proxy-authorization = ***'],
    ['curl -H "Authorization: Bearer abcdefgh" https://x', 'curl -H "Authorization: ***" https://x'],
    ['curl -H "X-Cookie : a=\\"b\\"; c=d" https://x', 'curl -H "X-Cookie : ***" https://x'],
    ['{"Authorization": "a b", "x": 1}', '{"Authorization": "***", "x": 1}'],
    ["{'cookie' :  'a b', 'x': 1}", "{'cookie' :  '***', 'x': 1}"],
    ['"{\\"cookie\\": \\"a b"', '"{\\"cookie\\": \\"***"'],
    ['sent Bearer  Abc-12 and basic YWJjZA==', 'sent Bearer *** and basic ***'],
    // Users with their passwords.
    ['curl -u me:abc x -u you:abc', 'curl -u me:*** x -u you:***'],
    ['-u  me:abc x', '-u  me:*** x'],
    ['curl --user=me:abc x', 'curl --user=me:*** x'],
    ['curl -u "me:a b" x', 'curl -u "me:***" x'],
    ["curl --user 'some body:a b' x", "curl --user 'some body:***' x"],
    ['postgres://u:p%40ss@db/x', 'postgres://db/x'],
    [
      'see https://me:a@b@example.org/x?y=z@1, (git+http://me@h)',
      'see https://example.org/x?y=z@1, (git+http://h)',
    ],
    // Values that are known by their form.
    ['ghp_0123456789 ghs_abcdefABCDEF', '*** ***'],
    ['github_pat_012345678_ glpat-01234567_-', '*** ***'],
    [`npm_${twenty} hf_${twenty.slice(4)}`, '*** ***'],
    ['xoxb-1234567- AIza0123456789012345678_-', '*** ***'],
    ['AKIAABCDEFGH0123 ASIAABCDEFGH0123', '*** ***'],
    ['sk-abcd_12- rk_01234567 pk_test_0123', '*** *** ***'],
    ['eyJhbGciOiJ.eyJz', '***'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.a_-b, x', '***, x'],
    [`-----BEGIN RSA PRIVATE KEY-----\n${LINES}-----END RSA PRIVATE KEY-----\nx`, '***\nx'],
    [`-----BEGIN PGP PRIVATE KEY BLOCK-----\n${LINES}-----END PGP PRIVATE KEY BLOCK-----x`, '***x'],
    [`-----BEGIN PRIVATE KEY-----\n${LINES}`, '***'],
  ])('%j as %j', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked)
  })

  test.each([
    'make check && git push origin trunk',
    '/work/authors/task-list.md and risk_management',
    'tokens are spent; secrets: ',
    'the token is here',
    'tool --token --verbose',
    'tool x-token abc',
    'author-basics Basic and Bearer 1',
    'tool-u me:abc --users me:abc',
    'ssh://git@example.org/a/b and git+ssh://git@example.org',
    'https://example.org/@scope/name mail@example.org',
    'laughs_0123456789 pnpm_configurationSettings',
    'ghp_short github_pat_x glpat-x npm_install hf_hub xoxo-x AIza AKIA7 sk-8 rk_y',
    'heyJourneymen.today eyJhbGciOi.x eyJ.today',
    `-----BEGIN PUBLIC KEY-----\n${LINES}-----END PUBLIC KEY-----`,
  ])('nothing of %j', text => {
    expect(maskSecrets(text)).toBe(text)
  })

  test('a secret however it was quoted on its way there', () => {
    const secret = fc
      .array(fc.constantFrom('\\', '"', "'", ' ', '\n', '$', '&', ';', ',', '#', ':', '=', '-', '@'))
      .map(signs => `Zq7${signs.map(sign => `${sign}Zq7`).join('')}`)
    const single = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
    const ways: ((text: string) => string)[] = [
      text => JSON.stringify({ a: 'b', password: text, c: 'd' }),
      text => `PASSWORD=${single(text)} run`,
      text => `tool --password ${single(text)} run`,
      text => `curl -u ${JSON.stringify(`me:${text}`)} run`,
      text => `curl -H ${JSON.stringify(`Cookie: ${text}`)} run`,
      text => commandText(['tool', '--password', `x${text}`]),
      text => commandText(['env', `PASSWORD=${text}`, 'run']),
    ]
    const around = fc.nat(2)
    fc.assert(
      fc.property(secret, fc.constantFrom(...ways), around, (text, way, levels) => {
        let written = way(text)
        for (let level = 0; level < levels; level++) written = commandText(['sh', '-c', written])
        expect(maskSecrets(written)).not.toContain('Zq7')
      }),
      { numRuns: runs(2000) },
    )
  })
})

describe('in data is masked', () => {
  test('all that is under a secret’s name, unless it is empty', () => {
    expect(
      maskDeep({
        Password: 'x',
        deep: [{ api_key: { any: ['x'] } }, { authorization: 7, cookie: ['x'] }],
        token: '',
        secret: null,
        passphrase: true,
        signature: false,
        name: 'x',
        number: 7,
        nothing: null,
        yes: true,
      }),
    ).toEqual({
      Password: '***',
      deep: [{ api_key: '***' }, { authorization: '***', cookie: '***' }],
      token: '',
      secret: null,
      passphrase: true,
      signature: false,
      name: 'x',
      number: 7,
      nothing: null,
      yes: true,
    })
  })

  test('what looks like a secret in any text and name', () => {
    expect(maskDeep('token=abc')).toBe('token=***')
    expect(maskDeep({ ghp_0123456789: [['ghp_0123456789']] })).toEqual({ '***': [['***']] })
  })

  test.each([
    [
      ['--token', 'abc', 'x'],
      ['--token', '***', 'x'],
    ],
    [
      ['-password', 'abc'],
      ['-password', '***'],
    ],
    [
      ['--token', '--verbose'],
      ['--token', '--verbose'],
    ],
    [
      ['--token', 7, ['abc']],
      ['--token', 7, ['abc']],
    ],
    [
      ['token', 'abc'],
      ['token', 'abc'],
    ],
    [
      ['a --token', 'abc'],
      ['a --token', 'abc'],
    ],
    [
      ['--token:', 'abc'],
      ['--token:', 'abc'],
    ],
    [
      ['--verbose', 'abc'],
      ['--verbose', 'abc'],
    ],
    [
      [['--token'], 'abc'],
      [['--token'], 'abc'],
    ],
    [
      ['abc', '--token'],
      ['abc', '--token'],
    ],
  ])('the word behind an option with a secret’s name: %j becomes %j', (words, masked) => {
    expect(maskDeep(words)).toEqual(masked)
  })

  test('and the shape stays', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        expect(Array.isArray(maskDeep(value))).toBe(Array.isArray(value))
        expect(() => JSON.stringify(maskDeep(value))).not.toThrow()
      }),
    )
  })
})

describe('a repository’s address', () => {
  test.each([
    ['https://user:pw@example.org/team/tool.git', 'https://example.org/team/tool.git', 'team/tool'],
    ['https://token@example.org/team/sub/tool/', 'https://example.org/team/sub/tool/', 'team/sub/tool'],
    ['HTTPS://example.org///team/tool.git//', 'HTTPS://example.org///team/tool.git//', 'team/tool'],
    [
      'https://example.org/team/tool.github.io',
      'https://example.org/team/tool.github.io',
      'team/tool.github.io',
    ],
    ['https://example.org/file:a/tool', 'https://example.org/file:a/tool', 'file:a/tool'],
    ['https://example.org/team/tool?private_token=abc#x', 'https://example.org/team/tool', 'team/tool'],
    ['https://example.org/team/tool#x\ny', 'https://example.org/team/tool', 'team/tool'],
    ['https://example.org/tool', 'https://example.org/tool', null],
    ['https://example.org', 'https://example.org', null],
    ['git@example.org:team/tool.git', 'git@example.org:team/tool.git', 'team/tool'],
    [' git@example.org:team/tool.git\n', 'git@example.org:team/tool.git', 'team/tool'],
    ['example.org:/team/tool', 'example.org:/team/tool', 'team/tool'],
    ['robot:pw@example.org:team/tool', 'example.org:team/tool', 'team/tool'],
    ['git@example.org:team/ghp_0123456789', 'git@example.org:team/***', 'team/***'],
    ['git@example.org:team/tool?x#y:z@1', 'git@example.org:team/tool?x#y:z@1', 'team/tool?x#y:z@1'],
    ['ssh://git@example.org:22/team/tool', 'ssh://git@example.org:22/team/tool', 'team/tool'],
    ['ssh://git:pw@example.org/team/tool', 'ssh://example.org/team/tool', 'team/tool'],
    ['/srv/git/tool.git', '/srv/git/tool.git', null],
    ['/srv/git:a/b:c@d/tool', '/srv/git:a/b:c@d/tool', null],
    ['./https://example.org/team/tool?x', './https://example.org/team/tool?x', null],
    ['file:///srv/git/tool.git', 'file:///srv/git/tool.git', null],
    ['FILE://host/srv/tool.git', 'FILE://host/srv/tool.git', null],
    ['C:\\git\\tool', 'C:\\git\\tool', null],
    ['C:/git/tool', 'C:/git/tool', null],
    ['', '', null],
  ])('%j is shown as %j, and names %j', (url, shown, name) => {
    expect([publicUrl(url), repositoryName(publicUrl(url))]).toEqual([shown, name])
  })
})

test.each([
  'a',
  'a.',
  'a-',
  'token',
  'token=',
  '"',
  '\\',
  '"token=',
  '\\"',
  "token='",
  '@:/',
  '-u "a:',
  'cookie',
])('a long text of %j is done at once', piece => {
  const before = performance.now()
  maskSecrets(piece.repeat(300_000 / piece.length))
  expect(performance.now() - before).toBeLessThan(5000)
})
