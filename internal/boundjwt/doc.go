// Package boundjwt signs and checks JSON Web Tokens (RFC 7519) that are worth nothing
// without the key of who holds them: signed with EdDSA (RFC 8037) by an Ed25519 key and
// by nothing else, with an audience, an ID, an expiry, and the thumbprint (RFC 7638) of
// the holder's key in cnf.jkt (RFC 7800, 9449). What they allow stands in one claim of
// our own, "bargee", in which a key that is not known is refused: it may be a limit.
//
// Whoever shows such a token has to have proved the key before; that is the business of
// package transport, and what the token allows that of its callers.
package boundjwt
