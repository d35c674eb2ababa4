export { createDecrypter, type DecrypterOptions } from './create-decrypter.ts'
export { createEncrypter, type EncrypterOptions } from './create-encrypter.ts'
export { type DecryptCompactOptions, type DecryptedJwe, decryptCompact } from './decrypt-compact.ts'
export { type EncryptCompactOptions, encryptCompact } from './encrypt-compact.ts'
export {
  type ContentEncryptionAlgorithm,
  ENCRYPTION_ALGORITHMS,
  KEY_MANAGEMENT_ALGORITHMS,
  type KeyManagementAlgorithm,
} from './encryption-algorithm.ts'
export type { EncryptionKey } from './encryption-key.ts'
export { exportPrivateEncryptionJwk, exportPublicEncryptionJwk } from './export-encryption-key.ts'
export { type GenerateEncryptionKeyOptions, generateEncryptionKey } from './generate-encryption-key.ts'
export { type ImportEncryptionKeyOptions, importEncryptionKey } from './import-encryption-key.ts'
export type { JweHeader } from './jwe-header.ts'
