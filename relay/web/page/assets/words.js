// How sizes, times and names are written for people.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

// sizeOf has three digits, as the panes of bargee do.
export function sizeOf(bytes) {
  let n = bytes;
  let unit = 0;
  for (; n >= 999.5 && unit < units.length - 1; unit++) n /= 1024;
  return `${unit === 0 || n >= 99.95 ? Math.round(n) : n.toPrecision(n < 9.995 ? 2 : 3)} ${units[unit]}`;
}

export function countOf(n, one, many = one + 's') {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

// durationOf is for what is left of a transfer.
export function durationOf(seconds) {
  if (!Number.isFinite(seconds)) return '';
  const s = Math.max(1, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit' });

export const timeOf = (when) => day.format(new Date(when));

// nameOf shows what cannot be seen, or turns letters around, by its number, so that a
// name looks like what it is.
export function nameOf(name) {
  return name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\uFFFD]/gu, (c) => `‹U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}›`);
}

// savedName is the name of a single file as the browser is asked to save it: without
// what turns letters around, breaks lines or leads elsewhere on some system.
export function savedName(name) {
  return name.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}/\\:*?"<>|]/gu, '_');
}
