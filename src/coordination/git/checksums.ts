/**
 * What names and frames small objects of git. Here because loading node:crypto and node:zlib takes longer than all the
 * rest of a claim's work in this process; a test compares both with Node's own. No secrets are made with it.
 */

/** SHA-1 as git uses it, in hexadecimal. */
export function sha1(bytes: Uint8Array): string {
  const length = bytes.length
  const blocks = new DataView(new ArrayBuffer((((length + 8) >> 6) + 1) << 6))
  new Uint8Array(blocks.buffer).set(bytes)
  blocks.setUint8(length, 0x80)
  blocks.setUint32(blocks.byteLength - 8, Math.floor(length / 0x20000000))
  blocks.setUint32(blocks.byteLength - 4, (length << 3) >>> 0)
  const h = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]
  const w = new Int32Array(80)
  for (let at = 0; at < blocks.byteLength; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = blocks.getInt32(at + 4 * i)
    for (let i = 16; i < 80; i++) w[i] = rotate(w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!, 1)
    let [a, b, c, d, e] = h as [number, number, number, number, number]
    for (let i = 0; i < 80; i++) {
      const [f, k] =
        i < 20
          ? [(b & c) | (~b & d), 0x5a827999]
          : i < 40
            ? [b ^ c ^ d, 0x6ed9eba1]
            : i < 60
              ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
              : [b ^ c ^ d, 0xca62c1d6]
      const next = (rotate(a, 5) + f + e + k + w[i]!) | 0
      e = d
      d = c
      c = rotate(b, 30)
      b = a
      a = next
    }
    for (const [i, value] of [a, b, c, d, e].entries()) h[i] = (h[i]! + value) | 0
  }
  return h.map(value => (value >>> 0).toString(16).padStart(8, '0')).join('')
}

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by))

/** As long as one stored block of zlib may be. */
const LARGEST_BLOCK = 0xffff

/** Bytes in zlib's frame, as they are: for what is too small to be worth compressing. Null: too large for one block. */
export function storedInZlib(bytes: Buffer): Buffer | null {
  if (bytes.length > LARGEST_BLOCK) return null
  const head = Buffer.from([0x78, 0x01, 0x01, 0, 0, 0, 0])
  head.writeUInt16LE(bytes.length, 3)
  head.writeUInt16LE(~bytes.length & 0xffff, 5)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(adler32(bytes))
  return Buffer.concat([head, bytes, sum])
}

/** What `storedInZlib` framed; null for anything else, which zlib itself has to read. */
export function readStoredZlib(bytes: Buffer): Buffer | null {
  const isStored = bytes.length > 11 && bytes[0] === 0x78 && bytes[2] === 1
  const length = isStored ? bytes.readUInt16LE(3) : 0
  if (!isStored || bytes.length !== length + 11) return null
  const content = bytes.subarray(7, 7 + length)
  return bytes.readUInt32BE(7 + length) === adler32(content) ? content : null
}

function adler32(bytes: Uint8Array): number {
  let a = 1
  let b = 0
  for (const byte of bytes) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return ((b << 16) | a) >>> 0
}
