import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decryptCompact,
  ENCRYPTION_ALGORITHMS,
  generateEncryptionKey,
  importEncryptionKey,
  KEY_MANAGEMENT_ALGORITHMS,
} from '../../jwe/jwe.ts'
import { forgeJwe, wrapKey } from '../corpus/forge-jwe.ts'

/** RFC 7516 §A.1.7: RSAES-OAEP with SHA-1, A256GCM */
const A1 =
  'eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_etLbbWSrFr05kLzcSr4qKAq7YN7e9jwQRb23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIKLaVmqgfwX7XWRxv2322i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv0je81860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6vFWXRcZ_ZT2LawVCWTIy3brGPi6UklfCpIMfIjf7iGdXKHzg.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A.XFBoMYUZodetZdvTiFvSkQ'

/** RFC 7516 §A.2.7: RSAES-PKCS1-v1_5, A128CBC-HS256 */
const A2 =
  'eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.UGhIOguC7IuEvf_NPVaXsGMoLOmwvc1GyqlIKOK1nN94nHPoltGRhWhw7Zx0-kFm1NJn8LE9XShH59_i8J0PH5ZZyNfGy2xGdULU7sHNF6Gp2vPLgNZ__deLKxGHZ7PcHALUzoOegEI-8E66jX2E4zyJKx-YxzZIItRzC5hlRirb6Y5Cl_p-ko3YvkkysZIFNPccxRU7qve1WYPxqbb2Yw8kZqa2rMWI5ng8OtvzlV7elprCbuPhcCdZ6XDP0_F8rkXds2vE4X-ncOIM8hAYHHi29NX0mcKiRaD0-D-ljQTP-cFPgwCp6X-nZZd9OHBv-B3oWh2TbqmScqXMR4gp_A.AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.9hH0vgRfYgPnAHOd8stkvw'

/** RFC 7516 §A.3.7: A128KW, A128CBC-HS256 */
const A3 =
  'eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ'

/** RFC 7516 §A.1.2, §A.1.4 */
const A1_CEK = Buffer.from([
  177, 161, 244, 128, 84, 143, 225, 115, 63, 180, 3, 255, 107, 154, 212, 246, 138, 7, 110, 91, 112, 46, 34, 105, 47,
  130, 203, 46, 122, 234, 64, 252,
])
const A1_PLAINTEXT = 'The true sign of intelligence is not knowledge but imagination.'
/** RFC 7516 §A.3.2, §A.3.3, §A.3.4 */
const A3_CEK = Buffer.from([
  4, 211, 31, 197, 84, 157, 252, 254, 11, 100, 157, 250, 63, 170, 106, 206, 107, 124, 212, 45, 111, 107, 9, 219, 200,
  177, 0, 240, 143, 156, 44, 207,
])
const A3_WRAPPING_KEY = Buffer.from('GawgguFyGrWKav7AX4VKUg', 'base64url')
const A3_IV = Buffer.from('AxY8DCtDaGlsbGljb3RoZQ', 'base64url')
const A3_PLAINTEXT = 'Live long and prosper.'

const keys = await Promise.all(
  (['RSA-OAEP-256', 'ECDH-ES', 'A256KW'] as const).map((alg) => generateEncryptionKey(alg)),
)
const rules = { keys, algorithms: KEY_MANAGEMENT_ALGORITHMS, encryptions: ENCRYPTION_ALGORITHMS }

describe('RFC 7516 appendix A', () => {
  for (const [section, alg, jwe] of [
    ['A.1', 'RSA-OAEP', A1],
    ['A.2', 'RSA1_5', A2],
    ['A.3', 'A128KW', A3],
  ] as const) {
    test(`${section}: the ${alg} example is refused: the algorithm is not supported`, async () => {
      await assert.rejects(decryptCompact(jwe, rules), { code: 'algorithm_not_allowed', claim: 'alg', received: alg })
    })
  }

  test('A.1: its content is decrypted under its content encryption key', async () => {
    const [, , iv = ''] = A1.split('.')
    const header = { alg: 'dir', enc: 'A256GCM' }
    const key = importEncryptionKey(A1_CEK, { alg: 'dir', enc: 'A256GCM' })
    const parts = { header, enc: 'A256GCM', cek: A1_CEK, plaintext: A1_PLAINTEXT, iv: Buffer.from(iv, 'base64url') }
    const jwe = forgeJwe(parts)
    // GCM encrypts by counting up from the vector: the header changes the tag and not the ciphertext.
    assert.equal(jwe.split('.')[3], A1.split('.')[3])
    const { plaintext } = await decryptCompact(jwe, { ...rules, keys: key })
    assert.equal(Buffer.from(plaintext).toString(), A1_PLAINTEXT)
  })

  test('A.3: what the tests build by themselves is the example, character for character', () => {
    const header = { alg: 'A128KW', enc: 'A128CBC-HS256' }
    const encryptedKey = wrapKey(A3_WRAPPING_KEY, A3_CEK)
    const parts = { header, enc: 'A128CBC-HS256', cek: A3_CEK, plaintext: A3_PLAINTEXT, encryptedKey, iv: A3_IV }
    assert.equal(forgeJwe(parts), A3)
  })

  test('A.3: its content is decrypted under its content encryption key', async () => {
    const header = { alg: 'dir', enc: 'A128CBC-HS256' }
    const key = importEncryptionKey(A3_CEK, { alg: 'dir', enc: 'A128CBC-HS256' })
    const jwe = forgeJwe({ header, enc: 'A128CBC-HS256', cek: A3_CEK, plaintext: A3_PLAINTEXT, iv: A3_IV })
    assert.equal(jwe.split('.')[3], A3.split('.')[3])
    const { plaintext } = await decryptCompact(jwe, { ...rules, keys: key })
    assert.equal(Buffer.from(plaintext).toString(), A3_PLAINTEXT)
  })

  test('A.4: the JSON serialization is refused', async () => {
    const [, encryptedKey = '', iv = '', ciphertext = '', tag = ''] = A3.split('.')
    const protectedHeader = 'eyJlbmMiOiJBMTI4Q0JDLUhTMjU2In0'
    const json = JSON.stringify({
      protected: protectedHeader,
      recipients: [{ header: { alg: 'A128KW', kid: '7' }, encrypted_key: encryptedKey }],
      iv,
      ciphertext,
      tag,
    })
    await assert.rejects(decryptCompact(json, rules), { code: 'token_malformed' })
  })
})

test('RFC 7519 appendix A.1: the encrypted JWT, under RSAES-PKCS1-v1_5, is refused', async () => {
  const jwe =
    'eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.QR1Owv2ug2WyPBnbQrRARTeEk9kDO2w8qDcjiHnSJflSdv1iNqhWXaKH4MqAkQtMoNfABIPJaZm0HaA415sv3aeuBWnD8J-Ui7Ah6cWafs3ZwwFKDFUUsWHSK-IPKxLGTkND09XyjORj_CHAgOPJ-Sd8ONQRnJvWn_hXV1BNMHzUjPyYwEsRhDhzjAD26imasOTsgruobpYGoQcXUwFDn7moXPRfDE8-NoQX7N7ZYMmpUDkR-Cx9obNGwJQ3nM52YCitxoQVPzjbl7WBuB7AohdBoZOdZ24WlN1lVIeh8v1K4krB8xgKvRU8kgFrEn_a1rZgN5TiysnmzTROF869lQ.AxY8DCtDaGlsbGljb3RoZQ.MKOle7UQrG6nSxTLX6Mqwt0orbHvAKeWnDYvpIAeZ72deHxz3roJDXQyhxx0wKaMHDjUEOKIwrtkHthpqEanSBNYHZgmNOV7sln1Eu9g3J8.fiK51VwhsxJ-siBMR-YFiA'
  await assert.rejects(decryptCompact(jwe, rules), { code: 'algorithm_not_allowed', claim: 'alg', received: 'RSA1_5' })
})
