// The view that takes files from the relay: what there is, who left it, and saving it.
import { $, el, show, problem, say } from './dom.js';
import { Fault, hex } from './drop.js';
import { Table, Meter } from './table.js';
import { work, cancel, awake, saver } from './work.js';
import { lengthOf } from './zip.js';
import { sizeOf, countOf, timeOf, nameOf } from './words.js';

const small = 64 * 2 ** 20; // what is kept in memory until it is whole
const noWorker = 2 ** 30; // where there is no service worker

let drop = null; // {key, claim, limited, id, entries, bytes, from, expires}
let table;
const saved = new Set(); // indices

// begin looks at the drop of a key. fail shows a Fault in place of the view.
export async function begin(key, fail) {
  $('save-all').onclick = () => all();
  $('save-folder').onclick = () => intoFolder();
  $('save-cancel').onclick = cancel;
  $('enter').onclick = () => enter(fail);
  show($('looking'));
  try {
    const info = await work({ do: 'look', key }, waiting);
    const limited = info.downloads_left !== undefined;
    drop = { key, id: info.id, claim: claimOf(info.id), limited, expires: info.expires };
    if (!limited || kept(info.id) !== null) return await enter(fail);
    const times = info.downloads_left === 1 ? 'once' : `${info.downloads_left} times`;
    $('limited-words').textContent = `These files can be taken ${times} more, until ${timeOf(info.expires)}. To open them counts; you then have a day to save them.`;
    show($('looking'), false);
    show($('limited'));
    $('enter').focus();
  } catch (fault) {
    fail(fault);
  }
}

function waiting({ waiting: why }) {
  if (why !== undefined) $('looking-words').textContent = why ? `Waiting: ${why}. It goes on by itself.` : 'Opening …';
}

// claimOf is what counts as one download, also when the page is opened again.
function claimOf(id) {
  return kept(id) ?? hex(crypto.getRandomValues(new Uint8Array(16)));
}

function kept(id) {
  try {
    return localStorage.getItem(`claim ${id}`);
  } catch {
    return null;
  }
}

async function enter(fail) {
  show($('limited'), false);
  show($('looking'));
  $('looking-words').textContent = 'Opening …';
  try {
    if (drop.limited) remember();
    const content = await work({ do: 'enter', key: drop.key, claim: drop.claim, limited: drop.limited }, waiting);
    Object.assign(drop, content);
    draw();
  } catch (fault) {
    fail(fault);
  }
}

function remember() {
  try {
    localStorage.setItem(`claim ${drop.id}`, drop.claim);
  } catch {
    // then a second visit is a second download
  }
}

const files = () => drop.entries.filter((entry) => entry.kind === 'file');
const wholeSize = (indices) => indices.reduce((sum, i) => sum + drop.entries[i].size, 0);
const takeable = () => drop.entries.flatMap((entry, i) => (entry.kind === 'link' ? [] : [i]));

function draw() {
  const count = files().length;
  $('receive-title').textContent = drop.from ? `${nameOf(drop.from)} left ${count === 1 ? 'a file' : countOf(count, 'file')} for you` : count === 1 ? 'A file for you' : `${countOf(count, 'file')} for you`;
  $('receive-words').textContent = `${sizeOf(drop.bytes)}, kept until ${timeOf(drop.expires)}. ${count === 1 ? 'It' : 'Each'} is decrypted and verified in this browser.`;
  for (const entry of drop.entries) if (entry.kind === 'link') entry.note = 'a link: left out';
  table = new Table($('save-table'), count > 1 ? { label: (entry) => (entry.kind === 'file' ? 'Save' : ''), run: (index) => run([index], { label: drop.entries[index].path }) } : null);
  table.fill(drop.entries);
  $('save-all').textContent = count === 1 ? 'Save' : 'Save all as ZIP';
  show($('save-folder'), Boolean(window.showDirectoryPicker) && drop.entries.length > 1);
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
  say(`Saving ${sizeOf(size)}`);
  let stream = null;
  try {
    const name = label.split('/').at(-1);
    const length = zip ? lengthOf(indices.map((i) => drop.entries[i])) : size;
    if (!folder) stream = await streamFor(name, length);
    const request = { do: 'save', indices, folder, zip, port: stream?.port };
    const { blob } = await awake(() => work(request, (progress) => follow(meter, progress), stream ? [stream.port] : []));
    if (blob) download(blob, name);
    await finish(indices, meter.stop(), folder ? `in the folder ${nameOf(folder.name)}` : `as ${nameOf(name)}`);
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
  if (navigator.serviceWorker) return saver(name, length);
  if (length <= noWorker) return null;
  throw new Fault('limit', 'this browser cannot save files as large as this', 'Use another one, or receive it in a terminal.');
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

async function finish(indices, took, where) {
  for (const index of indices) saved.add(index);
  const words = indices.length === 1 ? nameOf(drop.entries[indices[0]].path) : countOf(indices.filter((i) => drop.entries[i].kind === 'file').length, 'file');
  $('saved').replaceChildren(el('strong', {}, `Saved and verified: ${words} ${where}.`), ` ${took}.`);
  show($('saved'));
  $('saved').focus();
  say(`Saved and verified: ${words}`);
  if (takeable().every((index) => saved.has(index))) await work({ do: 'finished' }).catch(() => {}); // it ends by itself after a day
}

function refused(fault, indices) {
  if (fault.kind === 'cancelled') {
    table.reset();
    for (const index of saved) table.end(index, 'verified');
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
