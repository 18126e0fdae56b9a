// Package page is the relay's web page: who has nothing but a browser leaves files
// with it and takes them. What it is made of lies in assets as it is written: HTML, a
// style sheet and modules of JavaScript, no build step and nothing of others.
//
//	index.html style.css icon.svg theme.js    what is seen, light and dark
//	app.js send.js receive.js                 the views: to leave, by / and to take, by /#KEY
//	gather.js table.js rate.js receipts.js    what was chosen, how far it is, what was left here
//	words.js dom.js work.js                   text for people, elements, the page's end of the worker
//	worker.js store.js take.js sinks.js       the worker: seals and sends, fetches and opens, saves
//	relay.js                                  requests to the relay, made again until answered
//	drop.js ticket.js sha256.js zip.js        formats: drops (package drop of internal), tickets, digests, archives
//	sw.js                                     the service worker, that makes a download of a stream
//
// # What it does
//
// Files are cut, sealed by WebCrypto and sent while they are read, six chunks at once;
// no chunk waits for the one before it. The key is drawn in the browser and stands in the
// link behind the #, which no browser sends. Files are taken chunk by chunk, each with
// its digest, its place and its drop verified before a byte of it is saved:
//
//   - into memory up to 32 MiB, and saved only when all of it is verified;
//   - above that as a download that the service worker streams, several files as a
//     zip archive; one that fails in the middle is a failed download;
//   - into a chosen directory, where the browser can do that: a file there is put in its
//     place by the browser when it is closed, and nothing that is there is overwritten.
//
// A relay that does not answer for a while is asked again for ten minutes. Drops that
// were left are listed in the browser's storage with their links and what it takes to
// remove them.
//
// # What it trusts
//
// Nothing but this page's files runs in it: its policy (Content-Security-Policy) has no
// inline script or style, no other origin and, where browsers know it, no string that
// becomes a script. Names and messages are set as text, and what cannot be seen in a name
// is shown by its number. But the page itself comes from the relay: an operator who
// changed it could have it give keys away. Who does not trust the operator takes and
// leaves drops with the program, which does not run what a relay sends.
//
// A browser has WebCrypto and service workers only on pages by https, and on
// localhost: elsewhere the page says so.
package page
