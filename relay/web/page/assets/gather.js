// What somebody chose, dropped or pasted, as items: {path, kind, size, modified, file}.

// fromInput takes the files of an input, which have their place in a chosen folder.
export function fromInput(files) {
  return Array.from(files, (file) => itemOf(file, file.webkitRelativePath || file.name)).flatMap((item, i, all) => [
    ...above(item.path).filter((dir) => i === 0 || !all[i - 1].path.startsWith(dir + '/')).map(dirOf),
    item,
  ]);
}

// above lists the directories that a path is in, the outermost first.
function above(path) {
  const parts = path.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}

const dirOf = (path) => ({ path, kind: 'dir', size: 0 });

// fromTransfer takes what was dropped or pasted, folders with all that is in them. It
// must be called while the event is handled: later the browser has forgotten.
export function fromTransfer(transfer) {
  const entries = Array.from(transfer.items ?? [], (item) => item.kind === 'file' && item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length > 0) return Promise.all(entries.map((entry) => walk(entry, ''))).then((all) => all.flat());
  return Promise.resolve(Array.from(transfer.files ?? [], (file) => itemOf(file, file.name)));
}

async function walk(entry, above) {
  const path = above + entry.name;
  if (entry.isFile) return [itemOf(await new Promise((resolve, reject) => entry.file(resolve, reject)), path)];
  const items = [dirOf(path)];
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
    if (some.length === 0) return items;
    for (const inner of some) items.push(...(await walk(inner, path + '/')));
  }
}

function itemOf(file, path) {
  return { path, kind: 'file', size: file.size, modified: file.lastModified, file };
}

// merge adds items to others, in the order of their names: the same files are always the
// same drop. The same file again is left out; another one of the same name gets a number.
export function merge(items, more) {
  const known = new Map(items.map((item) => [item.path, item]));
  for (const item of more) {
    const twin = known.get(item.path);
    if (twin && ((item.kind === 'dir' && twin.kind === 'dir') || (twin.size === item.size && twin.modified === item.modified))) continue;
    const added = twin ? { ...item, path: freeName(item.path, known) } : item;
    known.set(added.path, added);
  }
  return [...known.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

// without takes an item out, and with a directory all that is in it.
export function without(items, index) {
  const gone = items[index];
  return items.filter((item) => item !== gone && !(gone.kind === 'dir' && item.path.startsWith(gone.path + '/')));
}

function freeName(path, known) {
  const cut = path.lastIndexOf('/') + 1;
  const dot = path.lastIndexOf('.');
  const end = dot > cut ? dot : path.length;
  for (let n = 1; ; n++) {
    const candidate = `${path.slice(0, end)} (${n})${path.slice(end)}`;
    if (!known.has(candidate)) return candidate;
  }
}
