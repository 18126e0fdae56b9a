// Package depot asks a relay for what it keeps, over HTTP: it is the session.Depot
// of drops. How requests get to the relay, over a link or plainly, is the business of
// the http.RoundTripper it is given.
package depot
