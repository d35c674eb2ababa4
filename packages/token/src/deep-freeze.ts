/**
 * Freezes a plain object or array, and those inside it at any depth, and returns it. What is of a class of the program's
 * own is left as it is.
 */
export function deepFreeze<Value>(value: Value): Value {
  freeze(value, new Set())
  return value
}

function freeze(value: unknown, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || seen.has(value) || !isPlain(value)) return
  seen.add(value)
  for (const member of Object.values(value)) freeze(member, seen)
  Object.freeze(value)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === null || prototype === Object.prototype
}
