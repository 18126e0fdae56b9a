// The service worker makes downloads of what the page decrypts: the page announces one
// ({token, name, size, port}), and opens /page/save/TOKEN/NAME in a hidden frame. It
// keeps nothing, caches nothing, and touches no other request.
const announced = new Map();

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', ({ data, ports }) => {
  if (!data.token) return; // only there to keep us awake
  announced.set(data.token, data);
  ports[1].postMessage('announced');
});

self.addEventListener('fetch', (event) => {
  const [, token] = new URL(event.request.url).pathname.match(/^\/page\/save\/([0-9a-f]{32})\//) ?? [];
  const save = announced.get(token);
  if (!save) return;
  announced.delete(token);
  event.respondWith(new Response(bodyOf(save.port), { headers: headersOf(save) }));
});

function headersOf({ name, size }) {
  const quoted = encodeURIComponent(name).replace(/['()*]/g, (c) => '%' + c.charCodeAt(0).toString(16));
  return {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename*=UTF-8''${quoted}`,
    'Content-Length': String(size),
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  };
}

// bodyOf asks the page's worker for each piece, when the browser wants one.
function bodyOf(port) {
  let taken = () => {};
  return new ReadableStream({
    start(controller) {
      port.onmessage = ({ data }) => {
        if (data.bytes) controller.enqueue(data.bytes);
        else if (data.end) controller.close();
        else controller.error(new Error('the transfer has ended'));
        taken();
      };
    },
    pull() {
      port.postMessage('more');
      return new Promise((resolve) => (taken = resolve));
    },
    cancel() {
      port.postMessage('gone');
    },
  }, { highWaterMark: 4 });
}
