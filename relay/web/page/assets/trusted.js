// Scripts come from this relay and from nowhere else, and only these. A worker that
// starts another one asks here, too.
const ours = ['/page/worker.js', '/page/hash.js', '/page/sw.js'];

export const scripts = self.trustedTypes?.createPolicy('bargee', {
  createScriptURL: (url) => {
    if (!ours.includes(url)) throw new TypeError(`no script of ours: ${url}`);
    return url;
  },
}) ?? { createScriptURL: (url) => url };
