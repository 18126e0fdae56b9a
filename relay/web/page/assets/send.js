// The view that leaves files at the relay: choose, encrypt and send, get the link.
import { $, show, copy, problem, say } from './dom.js';
import { fromInput, fromTransfer, merge, without } from './gather.js';
import { draw, linkOf } from './receipts.js';
import { keep as receipt, look, matching } from './resume.js';
import { Table, Meter } from './table.js';
import { ended, shapeOf } from './unfinished.js';
import { work, cancel, busy, awake } from './work.js';
import { sizeOf, countOf, timeOf, nameOf } from './words.js';

let items = [];
let table;

export function begin(access) {
  table = new Table($('send-table'), { label: () => 'Remove', run: (index) => set(without(items, index)) });
  $('pick-files').onclick = () => $('files').click();
  $('pick-folder').onclick = () => $('folder').click();
  for (const input of [$('files'), $('folder')]) {
    input.onchange = () => {
      take(fromInput(input.files));
      input.value = '';
    };
  }
  watchDrops();
  $('access').value = access || stored('access');
  $('from').value = stored('from');
  $('ready').onsubmit = (event) => {
    event.preventDefault();
    run();
  };
  $('store-cancel').onclick = cancel;
  $('clear').onclick = () => set([]);
  $('again').onclick = () => {
    show($('stored'), false);
    set([]);
    show($('choose'));
    $('pick-files').focus();
  };
  $('link').onfocus = () => $('link').select();
  $('copy-link').onclick = () => copy($('copy-link'), $('link').value);
  $('copy-command').onclick = () => copy($('copy-command'), $('command').textContent);
  show($('share'), Boolean(navigator.share));
  $('share').onclick = () => navigator.share({ url: $('link').value }).catch(() => {});
  draw();
  look(() => offer(items));
}

function watchDrops() {
  const files = (event) => event.dataTransfer?.types.includes('Files');
  let depth = 0; // of elements under the pointer
  const dragging = (n) => {
    depth = n;
    document.body.classList.toggle('dragging', depth > 0);
  };
  addEventListener('dragenter', (event) => files(event) && dragging(depth + 1));
  addEventListener('dragleave', (event) => files(event) && dragging(Math.max(0, depth - 1)));
  addEventListener('dragover', (event) => files(event) && event.preventDefault());
  addEventListener('drop', (event) => {
    if (!files(event)) return;
    event.preventDefault();
    dragging(0);
    gather(event.dataTransfer);
  });
  addEventListener('paste', (event) => event.clipboardData?.files.length > 0 && gather(event.clipboardData));
}

async function gather(transfer) {
  try {
    take(await fromTransfer(transfer));
  } catch (err) {
    problem($('send-fault'), { message: `what was dropped cannot be read: ${err.message}` });
  }
}

function take(more) {
  if (busy()) return;
  show($('stored'), false);
  show($('choose'));
  set(merge(items, more));
}

function set(next) {
  items = next;
  const bytes = total();
  const files = items.filter((item) => item.kind === 'file').length;
  table.fill(items);
  show($('ready'), items.length > 0);
  $('zone').classList.toggle('small', items.length > 0);
  show($('send-fault'), false);
  $('chosen').textContent = `${countOf(files, 'file')}, ${sizeOf(bytes)}`;
  say(items.length > 0 ? `${countOf(files, 'file')} chosen, ${sizeOf(bytes)}` : 'Nothing chosen');
  offer(next);
}

// offer says so when what is chosen was sent in part.
async function offer(chosen) {
  const known = chosen.length > 0 && matching(await shapeOf(chosen));
  if (chosen !== items || busy()) return;
  $('store').textContent = known ? 'Go on sending' : 'Encrypt and send';
  show($('go-on'), Boolean(known));
  show($('options'), !known);
}

const total = () => items.reduce((sum, item) => sum + item.size, 0);

async function run() {
  const bytes = total();
  const meter = new Meter($('send-meter'), bytes);
  locked(true);
  const shape = await shapeOf(items);
  const request = {
    do: 'store', items, shape, upload: matching(shape), ...optionsOf(),
    label: labelOf(), files: items.filter((item) => item.kind === 'file').length, bytes,
  };
  show($('send-fault'), false);
  say(`Sending ${sizeOf(bytes)}`);
  try {
    const made = await awake(() => work(request, (progress) => follow(meter, progress)));
    finish(made, request, meter.stop());
  } catch (fault) {
    meter.stop();
    table.reset();
    refused(fault);
  } finally {
    locked(false);
  }
  look(() => offer(items));
}

const optionsOf = () => ({
  ttl: Number($('ttl').value), downloads: Number($('downloads').value), from: $('from').value.trim(), access: $('access').value.trim(),
});

function follow(meter, { bytes, waiting, files }) {
  if (waiting !== undefined) meter.waiting(waiting);
  if (bytes !== undefined) meter.moved(bytes);
  for (const [index, { at }] of files) {
    if (at >= items[index].size) table.end(index, 'sent');
    else table.moved(index, at);
  }
}

function locked(on) {
  for (const id of ['store', 'clear', 'ttl', 'downloads', 'from', 'access', 'pick-files', 'pick-folder']) $(id).disabled = on;
  show($('store'), !on);
  show($('clear'), !on);
  show($('store-cancel'), on);
  show($('options'), !on);
  show($('choose'), !on && $('stored').hidden);
  table.locked(on);
  $('send-table').classList.toggle('plain', !on);
  if (on) $('store-cancel').focus();
}

function finish(made, { from, access }, took) {
  const { id, key, downloads, expires, files } = made;
  const often = downloads === 0 ? '' : downloads === 1 ? ', once' : `, ${downloads} times`;
  $('link').value = linkOf(key);
  $('command').textContent = `bargee receive '${linkOf(key)}'`;
  $('stored-words').textContent = `${countOf(files, 'file')}, ${took}. Whoever has this link can take them until ${timeOf(expires)}${often}.`;
  show($('ready'), false);
  show($('choose'), false);
  show($('stored'));
  $('stored').focus();
  say('Sent. The link is ready.');
  keep('from', from);
  if ($('access-keep').checked) keep('access', access);
  show($('access-part'), false);
  receipt(made, expires);
  ended(id);
  draw();
}

function labelOf() {
  const first = nameOf(items[0].path.split('/')[0]);
  const tops = new Set(items.map((item) => item.path.split('/')[0])).size;
  return tops > 1 ? `${first} and ${tops - 1} more` : first;
}

function refused(fault) {
  if (fault.kind === 'cancelled') return say('Cancelled. Nothing is kept.');
  if (fault.kind !== 'auth') return problem($('send-fault'), fault);
  const asked = !$('access-part').hidden || $('access').value !== '';
  show($('access-part'));
  if (asked) problem($('send-fault'), { ...fault, message: fault.message, hint: 'Ask who runs this relay for a key.' });
  else say('This relay asks for a key');
  setTimeout(() => $('access').focus());
}

function stored(name) {
  try {
    return localStorage.getItem(name) ?? '';
  } catch {
    return '';
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // it is asked for again
  }
}
