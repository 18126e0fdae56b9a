// Tickets, as bargee send --store prints them: "bgticket_", then in base32 a version
// and a message of Protocol Buffers (Ticket of internal/wire), then a checksum.
import { Fault, digest, toText } from './drop.js';

const letters = 'abcdefghijklmnopqrstuvwxyz234567';
const prefix = 'bgticket_';
const checksumLength = 4;

// keyOf returns what a ticket of a drop says: its key as text, and where its relay
// speaks HTTP, if that is known.
export async function keyOf(word) {
  const body = word.slice(prefix.length, -checksumLength);
  const sum = await digest(new TextEncoder().encode(`bargee checksum ${prefix}${body}`));
  const bytes = decode(body);
  if (bytes === null || encode(sum).slice(0, checksumLength) !== word.slice(-checksumLength)) {
    throw new Fault('invalid', 'This ticket is mistyped or cut', 'Copy all of it, from bgticket_ to its end.');
  }
  if (bytes[0] !== 1) throw new Fault('version', 'This ticket is of a newer version than this page', 'Receive it with a newer bargee.');
  const inner = fieldsOf(bytes.subarray(1)).get(6);
  if (!inner) throw new Fault('invalid', 'This ticket is of a machine, not of files at a relay', 'It is for a terminal: bargee receive.');
  const drop = fieldsOf(inner);
  const key = drop.get(1);
  if (key?.length !== 32) throw new Fault('invalid', 'These files are sealed to one machine', 'They are received in a terminal there: bargee receive.');
  return { key: toText(key), url: new TextDecoder().decode(drop.get(3) ?? new Uint8Array(0)) };
}

export const isTicket = (word) => word.startsWith(prefix);

function decode(text) {
  const out = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    const value = letters.indexOf(letter);
    if (value < 0) return null;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) out[at++] = (held >> (bits -= 8)) & 0xff;
  }
  return at === 0 ? null : out;
}

function encode(bytes) {
  let text = '';
  for (let bit = 0; bit < bytes.length * 8; bit += 5) {
    const pair = (bytes[bit >> 3] << 8) | (bytes[(bit >> 3) + 1] ?? 0);
    text += letters[(pair >> (11 - (bit & 7))) & 31];
  }
  return text;
}

// fieldsOf reads a message whose fields are all of bytes: the last of each number.
function fieldsOf(bytes) {
  const fields = new Map();
  let at = 0;
  const number = () => {
    for (let value = 0, shift = 0; shift < 28; shift += 7) {
      const b = bytes[at++] ?? 0;
      value |= (b & 0x7f) << shift;
      if (b < 0x80) return value;
    }
    return 0;
  };
  while (at < bytes.length) {
    const tag = number();
    const length = number();
    if ((tag & 7) !== 2 || at + length > bytes.length) return new Map();
    fields.set(tag >> 3, bytes.subarray(at, at + length));
    at += length;
  }
  return fields;
}
