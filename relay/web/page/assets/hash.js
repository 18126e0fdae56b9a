// A worker that has the digests of files made, beside the one that seals and sends:
// what WebCrypto cannot do piece by piece takes longer than all the rest. It gets
// pieces, answers each, and answers null with the digest of what came since the last.
import { SHA256 } from './sha256.js';

let hash = new SHA256();

self.onmessage = ({ data: piece }) => {
  if (piece !== null) {
    hash.update(piece);
    self.postMessage(piece.length);
    return;
  }
  self.postMessage(hash.digest());
  hash = new SHA256();
};
