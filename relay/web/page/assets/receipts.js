// What this browser knows of the drops it made, to copy their links and to remove them:
// a list in the storage of this origin, which nobody else reads.
import { $, el, show, copy, say } from './dom.js';
import { Relay, isGone } from './relay.js';
import { sizeOf, countOf, timeOf, nameOf } from './words.js';

const place = 'drops';
const kept = 30 * 86400_000; // after they expired

function read() {
  try {
    const all = JSON.parse(localStorage.getItem(place)) ?? [];
    return all.filter((one) => new Date(one.expires).getTime() + kept > Date.now());
  } catch {
    return [];
  }
}

function write(receipts) {
  try {
    localStorage.setItem(place, JSON.stringify(receipts));
  } catch {
    // without storage there is no list, and the link is shown once
  }
}

export function add(receipt) {
  write([receipt, ...read().filter(({ id }) => id !== receipt.id)].slice(0, 100));
}

export const linkOf = (key) => `${location.origin}/#${key}`;

// draw shows the list, and asks the relay which of them it still has.
export async function draw() {
  const receipts = read();
  show($('mine'), receipts.length > 0);
  const rows = receipts.map(row);
  $('receipts').replaceChildren(...rows.map(({ item }) => item));
  for (const { receipt, when, link } of rows.slice(0, 20)) {
    const gone = await new Relay({ signal: AbortSignal.timeout(5000) }).info(receipt.id).then(() => false, isGone);
    if (!gone) continue;
    when.textContent = 'no longer on the relay';
    link.disabled = true;
  }
}

function row(receipt) {
  const when = el('span', { className: 'when' }, `${countOf(receipt.files, 'file')}, ${sizeOf(receipt.bytes)}, until ${timeOf(receipt.expires)}`);
  const link = el('button', { type: 'button', className: 'quiet', onclick: () => copy(link, linkOf(receipt.key)) }, 'Copy link');
  const remove = el('button', { type: 'button', className: 'quiet', 'aria-label': `Remove ${nameOf(receipt.label)} from the relay`, onclick: () => discard(receipt, when, remove) }, 'Remove');
  const item = el('li', {}, el('span', { className: 'what' }, nameOf(receipt.label), when), link, remove);
  return { receipt, item, when, link };
}

async function discard(receipt, when, button) {
  if (button.dataset.sure !== 'yes') {
    button.dataset.sure = 'yes';
    button.textContent = 'Really remove';
    return;
  }
  button.disabled = true;
  try {
    await new Relay({ owner: receipt.owner, signal: AbortSignal.timeout(15_000) }).remove(receipt.id);
  } catch (fault) {
    if (!isGone(fault)) {
      button.disabled = false;
      when.textContent = `not removed: ${fault.message}`;
      return;
    }
  }
  write(read().filter((one) => one.id !== receipt.id));
  say(`${receipt.label} is removed`);
  await draw();
}
