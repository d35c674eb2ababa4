/** @countersign/server/administration: what an operator's command does to an installation, whether its server runs or not. */
export { normalizeEmail } from '../accounts/built-in-accounts.ts'
export { SettingsError } from '../environment.ts'
export { completeRestore } from './complete-restore.ts'
export { copyInstallation } from './copy.ts'
export { openInstallation } from './installation.ts'
export { migrateInstallation, readInstallationStatus } from './migrate.ts'
export { type NewPassword, type RegisteredAccount, registerAccount, registerAdministrator } from './register-account.ts'
