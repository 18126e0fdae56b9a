// A zip archive that is written as its files come: stored, not compressed, with the
// ZIP64 records where something is large. APPNOTE.TXT 6.3.10 of PKWARE.

const utf8 = new TextEncoder();
const limit32 = 0xffffffff;
const limit16 = 0xffff;
const flags = 0x0808; // sums follow the data, names are UTF-8
const big = (entry) => entry.size >= limit32;

// lengthOf is how many bytes an archive of these entries will have.
export function lengthOf(entries) {
  let offset = 0;
  let directory = 0;
  for (const entry of entries) {
    const name = nameOf(entry).length;
    directory += 46 + name + timeField + (large(entry, offset) ? 28 : 0);
    offset += 30 + name + timeField + entry.size + (entry.kind === 'file' ? (big(entry) ? 24 : 16) : 0);
  }
  return offset + directory + (endIsLarge(entries.length, directory, offset) ? 76 : 0) + 22;
}

const timeField = 9;
const large = (entry, offset) => big(entry) || offset >= limit32;
const endIsLarge = (count, directory, offset) => count >= limit16 || directory >= limit32 || offset >= limit32;

// nameOf is a name as it stands in the archive: an unpacker may take a backslash for a
// slash, and a letter with a colon for a disk, so neither is there.
function nameOf(entry) {
  const path = entry.path.replaceAll('\\', '%5C').replace(/^([A-Za-z]):/, '$1%3A');
  return utf8.encode(entry.kind === 'dir' ? path + '/' : path);
}

// A Zip is a sink of files (see take.js) that writes an archive to another one that has
// write(bytes) and close().
export class Zip {
  #offset = 0;
  #records = [];
  #sum;

  constructor(out) {
    this.out = out;
  }

  async begin(entry) {
    this.#sum = new CRC32();
    this.#records.push({ entry, offset: this.#offset, sum: 0 });
    const name = nameOf(entry);
    const head = new Writer(30 + name.length + timeField);
    head.u32(0x04034b50).u16(version(entry)).u16(entry.kind === 'file' ? flags : 0x0800).u16(0);
    head.u32(dosTime(entry.modified)).u32(0).u32(0).u32(0).u16(name.length).u16(timeField).bytes(name);
    unixTime(head, entry);
    await this.#write(head.done);
    return true;
  }

  async write(bytes) {
    this.#sum.update(bytes);
    await this.#write(bytes);
  }

  async end(entry) {
    if (entry.kind !== 'file') return;
    const sum = (this.#records.at(-1).sum = this.#sum.value);
    const tail = new Writer(big(entry) ? 24 : 16).u32(0x08074b50).u32(sum);
    await this.#write((big(entry) ? tail.u64(entry.size).u64(entry.size) : tail.u32(entry.size).u32(entry.size)).done);
  }

  async close() {
    const start = this.#offset;
    for (const record of this.#records) await this.#write(directoryRecord(record));
    await this.#write(endOf(this.#records.length, start, this.#offset - start));
    await this.out.close();
  }

  async #write(bytes) {
    this.#offset += bytes.length;
    await this.out.write(bytes);
  }
}

function directoryRecord({ entry, offset, sum }) {
  const name = nameOf(entry);
  const extra = timeField + (large(entry, offset) ? 28 : 0);
  const size = large(entry, offset) ? limit32 : entry.size;
  const mode = (entry.mode || (entry.kind === 'dir' ? 0o755 : 0o644)) | (entry.kind === 'dir' ? 0o040000 : 0o100000);
  const out = new Writer(46 + name.length + extra);
  out.u32(0x02014b50).u16((3 << 8) | 45).u16(version(entry)).u16(entry.kind === 'file' ? flags : 0x0800).u16(0);
  out.u32(dosTime(entry.modified)).u32(sum).u32(size).u32(size).u16(name.length).u16(extra).u16(0).u16(0).u16(0);
  out.u32(((mode << 16) >>> 0) + (entry.kind === 'dir' ? 0x10 : 0)).u32(large(entry, offset) ? limit32 : offset).bytes(name);
  unixTime(out, entry);
  if (large(entry, offset)) out.u16(1).u16(24).u64(entry.size).u64(entry.size).u64(offset);
  return out.done;
}

function endOf(count, start, length) {
  const isLarge = endIsLarge(count, length, start);
  const out = new Writer(22 + (isLarge ? 76 : 0));
  if (isLarge) {
    out.u32(0x06064b50).u64(44).u16(45).u16(45).u32(0).u32(0).u64(count).u64(count).u64(length).u64(start);
    out.u32(0x07064b50).u32(0).u64(start + length).u32(1);
  }
  const at = (n, limit) => (isLarge ? limit : n);
  out.u32(0x06054b50).u16(0).u16(0).u16(at(count, limit16)).u16(at(count, limit16));
  return out.u32(at(length, limit32)).u32(at(start, limit32)).u16(0).done;
}

const version = (entry) => (big(entry) ? 45 : 20);

function dosTime(date) {
  if (!(date.getFullYear() >= 1980 && date.getFullYear() < 2108)) return 0x00210000; // the first of 1980
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  return ((day << 16) | time) >>> 0;
}

// unixTime is the time in seconds, for all that know more than DOS.
function unixTime(out, entry) {
  const seconds = Math.floor(entry.modified.getTime() / 1000) || 0;
  out.u16(0x5455).u16(5).u8(1).u32(Math.min(Math.max(seconds, 0), 0x7fffffff));
}

// A Writer fills a buffer of known length with little-endian numbers.
class Writer {
  #at = 0;

  constructor(length) {
    this.done = new Uint8Array(length);
    this.view = new DataView(this.done.buffer);
  }

  u8(n) {
    this.view.setUint8(this.#at, n);
    return this.#skip(1);
  }

  u16(n) {
    this.view.setUint16(this.#at, n, true);
    return this.#skip(2);
  }

  u32(n) {
    this.view.setUint32(this.#at, n, true);
    return this.#skip(4);
  }

  u64(n) {
    this.view.setBigUint64(this.#at, BigInt(n), true);
    return this.#skip(8);
  }

  bytes(bytes) {
    this.done.set(bytes, this.#at);
    return this.#skip(bytes.length);
  }

  #skip(n) {
    this.#at += n;
    return this;
  }
}

// The sum of zip archives, eight bytes at a time.
const tables = (() => {
  const all = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    all[0][n] = c;
  }
  for (let t = 1; t < 8; t++) for (let n = 0; n < 256; n++) all[t][n] = (all[t - 1][n] >>> 8) ^ all[0][all[t - 1][n] & 0xff];
  return all;
})();

export class CRC32 {
  #c = 0xffffffff;

  update(b) {
    const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
    let c = this.#c;
    let i = 0;
    for (; i + 8 <= b.length; i += 8) {
      c ^= b[i] | (b[i + 1] << 8) | (b[i + 2] << 16) | (b[i + 3] << 24);
      c = t7[c & 0xff] ^ t6[(c >>> 8) & 0xff] ^ t5[(c >>> 16) & 0xff] ^ t4[c >>> 24] ^ t3[b[i + 4]] ^ t2[b[i + 5]] ^ t1[b[i + 6]] ^ t0[b[i + 7]];
    }
    for (; i < b.length; i++) c = t0[(c ^ b[i]) & 0xff] ^ (c >>> 8);
    this.#c = c;
  }

  get value() {
    return ~this.#c >>> 0;
  }
}
