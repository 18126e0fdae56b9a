// The view that takes files from the relay: what there is, who left it, and saving it.
import { $, el, show, problem, say } from './dom.js';
import { Fault, hex } from './drop.js';
import { Table, Meter } from './table.js';
import { work, cancel, awake, saver } from './work.js';
import { lengthOf } from './zip.js';
import { sizeOf, countOf, timeOf, nameOf, savedName } from './words.js';

const small = 32 * 2 ** 20; // what is kept in memory until it is whole
const noWorker = 2 ** 30; // where there is no service worker

let drop = null; // {key, id, left, expires, entries, bytes, from}
let table;
const saved = new Set(); // indices

// begin looks at the drop of a key, which counts as no download. fail shows a Fault in
// place of the view.
export async function begin(key, fail) {
  $('save-all').onclick = () => all();
  $('save-folder').onclick = () => intoFolder();
  $('save-cancel').onclick = cancel;
  show($('looking'));
  try {
    drop = { key, ...(await work({ do: 'enter', key }, waiting)) };
    draw();
  } catch (fault) {
    fail(fault);
  }
}

function waiting({ waiting: why }) {
  if (why !== undefined) $('looking-words').textContent = why ? `Waiting: ${why}. It goes on by itself.` : 'Opening …';
}

// claimOf is what counts as one download, also when the page is opened again.
function claimOf(id) {
  const name = `claim ${id}`;
  try {
    const claim = localStorage.getItem(name) ?? hex(crypto.getRandomValues(new Uint8Array(16)));
    localStorage.setItem(name, claim);
    return claim;
  } catch {
    return (drop.claim ??= hex(crypto.getRandomValues(new Uint8Array(16)))); // as long as the page is open
  }
}

function countedWords() {
  if (drop.left === undefined) return '';
  const times = drop.left === 1 ? 'once more' : `${drop.left} times more`;
  return ` They can be taken ${drop.left === 0 ? 'by nobody else' : times}: saving counts, looking does not.`;
}

const files = () => drop.entries.filter((entry) => entry.kind === 'file');
const wholeSize = (indices) => indices.reduce((sum, i) => sum + drop.entries[i].size, 0);
const takeable = () => drop.entries.flatMap((entry, i) => (entry.kind === 'link' ? [] : [i]));

function draw() {
  const count = files().length;
  $('receive-title').textContent = drop.from ? `${nameOf(drop.from.slice(0, 60))} left ${count === 1 ? 'a file' : countOf(count, 'file')} for you` : count === 1 ? 'A file for you' : `${countOf(count, 'file')} for you`;
  $('receive-words').textContent = `${sizeOf(drop.bytes)}, kept until ${timeOf(drop.expires)}. Each is decrypted and verified in this browser.${countedWords()}`;
  for (const entry of drop.entries) if (entry.kind === 'link') entry.note = 'a link: left out';
  table = new Table($('save-table'), count > 1 ? { label: (entry) => (entry.kind === 'file' ? 'Save' : ''), run: (index) => run([index], { label: drop.entries[index].path }) } : null);
  table.fill(drop.entries);
  $('save-all').textContent = count === 1 ? 'Save' : 'Save all as ZIP';
  show($('save-folder'), Boolean(window.showDirectoryPicker) && (drop.entries.length > 1 || drop.bytes > small));
  const links = drop.entries.filter((entry) => entry.kind === 'link').length;
  show($('links-left'), links > 0);
  $('links-left').textContent = `${countOf(links, 'symbolic link')} can only be received in a terminal: bargee receive.`;
  show($('looking'), false);
  show($('content'));
  $('save-all').focus();
  say(`${$('receive-title').textContent}, ${sizeOf(drop.bytes)}`);
}

function all() {
  const indices = takeable();
  const only = indices.length === 1 ? drop.entries[indices[0]] : null;
  run(indices, { zip: only?.kind !== 'file', label: only?.path ?? archiveName() });
}

// archiveName is that of the one directory all is in, or of the drop.
function archiveName() {
  const tops = new Set(drop.entries.map((entry) => entry.path.split('/')[0]));
  return `${tops.size === 1 ? [...tops][0] : `bargee ${drop.id.slice(0, 6)}`}.zip`;
}

async function intoFolder() {
  let folder;
  try {
    folder = await window.showDirectoryPicker({ mode: 'readwrite' });
  } catch {
    return; // nothing was chosen
  }
  run(takeable(), { folder });
}

// run saves entries: into a folder, or as one file that the browser downloads.
async function run(indices, { folder = null, zip = false, label = '' }) {
  const size = wholeSize(indices);
  const meter = new Meter($('save-meter'), size);
  locked(true);
  table.reset(indices);
  say(`Saving ${sizeOf(size)}`);
  let stream = null;
  try {
    const name = savedName(label.split('/').at(-1));
    const length = zip ? lengthOf(indices.map((i) => drop.entries[i])) : size;
    if (!folder) stream = await streamFor(name, length);
    const claim = drop.left === undefined ? '' : claimOf(drop.id);
    const request = { do: 'save', indices, folder, zip, claim, port: stream?.port };
    const { blob } = await awake(() => work(request, (progress) => follow(meter, progress), stream ? [stream.port] : []));
    if (blob) download(blob, name);
    await finish(indices, claim, meter.stop(), folder ? `in the folder ${nameOf(folder.name)}` : `as ${nameOf(name)}`);
  } catch (fault) {
    meter.stop();
    refused(fault, indices);
  } finally {
    stream?.stop();
    locked(false);
  }
}

// streamFor returns null where it goes through memory: nothing of a small file is
// saved before all of it was verified.
async function streamFor(name, length) {
  if (length <= small) return null;
  try {
    if (navigator.serviceWorker) return await saver(name, length);
  } catch {
    // some have none in private windows, or where cookies are forbidden
  }
  if (length <= noWorker) return null;
  const folder = window.showDirectoryPicker ? ' Save to a folder instead.' : '';
  throw new Fault('limit', `this window can save ${sizeOf(noWorker)} at most`, `A window that is not private can save more; so can a terminal: bargee receive.${folder}`);
}

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = el('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function follow(meter, { bytes, waiting: why, files: moved }) {
  if (why !== undefined) meter.waiting(why);
  if (bytes !== undefined) meter.moved(bytes);
  for (const [index, { at, result }] of moved) {
    if (result) table.end(index, result === 'saved' ? 'verified' : 'there already');
    else table.moved(index, at);
  }
}

async function finish(indices, claim, took, where) {
  for (const index of indices) saved.add(index);
  const words = indices.length === 1 ? nameOf(drop.entries[indices[0]].path) : countOf(indices.filter((i) => drop.entries[i].kind === 'file').length, 'file');
  $('saved').replaceChildren(el('strong', {}, `Saved and verified: ${words} ${where}.`), ` ${took}.`);
  show($('saved'));
  $('saved').focus();
  say(`Saved and verified: ${words}`);
  if (takeable().every((index) => saved.has(index))) await work({ do: 'finished', claim }).catch(() => {}); // it ends by itself after a day
}

function refused(fault, indices) {
  if (fault.kind === 'cancelled') {
    table.reset(indices);
    return say('Cancelled');
  }
  for (const index of indices) table.stop(index);
  problem($('save-fault'), fault);
}

function locked(on) {
  if (on) {
    show($('save-fault'), false);
    show($('saved'), false);
  }
  for (const id of ['save-all', 'save-folder']) $(id).disabled = on;
  show($('save-cancel'), on);
  table.locked(on);
}
