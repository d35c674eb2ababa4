/** Storages for the refresh token of bearer mode, for where there is no cookie jar. */
import type { RefreshTokenStorage } from '../refresh-token-record.ts'

/** What AsyncStorage of React Native, and many others, offer. */
export interface KeyValueStorage {
  getItem(key: string): Promise<string | null> | string | null
  setItem(key: string, value: string): Promise<void> | void
  removeItem(key: string): Promise<void> | void
}

/**
 * Keeps the refresh token in a storage of React Native, or one like it. Take an encrypted one, such as the system's key chain.
 * @example
 * import * as SecureStore from 'expo-secure-store'
 * const storage = storeIn({
 *   getItem: SecureStore.getItemAsync,
 *   setItem: SecureStore.setItemAsync,
 *   removeItem: SecureStore.deleteItemAsync,
 * })
 */
export function storeIn(storage: KeyValueStorage, key = 'countersign.refresh-token'): RefreshTokenStorage {
  return {
    read: () => storage.getItem(key),
    write: (record) => storage.setItem(key, record),
    remove: () => storage.removeItem(key),
  }
}

/**
 * Keeps the refresh token in localStorage, where every script of the origin can read it and take it away: one injected script, in the
 * page or in a dependency, has the session for as long as it lives. Use cookie mode instead wherever you can.
 */
export function dangerouslyStoreInLocalStorage(key = 'countersign.refresh-token'): RefreshTokenStorage {
  const { localStorage } = globalThis as unknown as { localStorage: KeyValueStorage }
  return { ...storeIn(localStorage, key), sharedAs: `localStorage ${key}` }
}
