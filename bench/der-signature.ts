/** Rewrites an ECDSA signature of JOSE, two numbers side by side, as node:crypto has it without options: in DER. */
export function asDerSignature(signature: Buffer): Buffer {
  const half = signature.length / 2
  const content = Buffer.concat([derInteger(signature.subarray(0, half)), derInteger(signature.subarray(half))])
  return Buffer.concat([Buffer.from([0x30, content.length]), content])
}

function derInteger(half: Buffer): Buffer {
  const start = half.findIndex((byte) => byte !== 0)
  const digits = half.subarray(start)
  const sign = (digits[0] ?? 0) < 0x80 ? [] : [0]
  return Buffer.concat([Buffer.from([0x02, sign.length + digits.length, ...sign]), digits])
}
