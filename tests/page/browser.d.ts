// SPDX-License-Identifier: BSD-2-Clause
/** What TypeScript 4.9 does not know of browsers. */
declare class DecompressionStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(format: string);
}
