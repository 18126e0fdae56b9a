// The uploads that were interrupted: a reload, a crash or a dead line ended them. They
// are listed until their files are chosen again, or until they are discarded.
import { $, el, show, say } from './dom.js';
import { Relay } from './relay.js';
import { add } from './receipts.js';
import { ended, interrupted, sizeKept } from './unfinished.js';
import { chunkSize } from './drop.js';
import { sizeOf, countOf, timeOf, nameOf } from './words.js';

let known = [];

// matching is the interrupted upload of files of such a shape.
export const matching = (shape) => known.find((upload) => upload.shape === shape);

// look asks the relay about what this browser knows of, and lists what can go on. changed
// hears when something did. What was complete after all is a receipt.
export async function look(changed) {
  const found = [];
  for (const upload of await interrupted(() => look(changed))) {
    const relay = new Relay({ owner: upload.owner, signal: AbortSignal.timeout(5000) });
    const { is, expires } = await relay.state(upload.id).catch(() => ({ is: 'unknown' }));
    if (is === 'complete') keep(upload, expires);
    if (is === 'complete' || is === 'gone') await ended(upload.id);
    else found.push(upload);
  }
  known = found;
  $('interrupted').replaceChildren(...(await Promise.all(known.map((upload) => row(upload, changed)))));
  show($('unfinished'), known.length > 0);
  changed();
}

// keep makes a receipt of an upload that is complete.
export function keep({ id, key, owner, label, files, bytes }, expires) {
  add({ id, key, owner, label, files, bytes, expires });
}

async function row(upload, changed) {
  const there = Math.min(upload.bytes, (await sizeKept(upload.id)) * chunkSize);
  const when = el('span', { className: 'when' }, `${countOf(upload.files, 'file')}, ${sizeOf(there)} of ${sizeOf(upload.bytes)} sent, begun ${timeOf(upload.since)}`);
  const button = el('button', { type: 'button', className: 'quiet', 'aria-label': `Discard ${nameOf(upload.label)}`, onclick: () => discard(upload, button, changed) }, 'Discard');
  return el('li', {}, el('span', { className: 'what' }, nameOf(upload.label), when), button);
}

async function discard(upload, button, changed) {
  if (button.dataset.sure !== 'yes') {
    button.dataset.sure = 'yes';
    button.textContent = 'Really discard';
    return;
  }
  button.disabled = true;
  await new Relay({ owner: upload.owner, signal: AbortSignal.timeout(5000) }).remove(upload.id).catch(() => {}); // it goes by itself, too
  await ended(upload.id);
  say(`${upload.label} is discarded`);
  await look(changed);
}
