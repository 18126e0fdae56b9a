// Command httpload asks for one address many times at once, each time over a connection
// of its own, and tells how long the answers took; see .ci/http figures.
//
//	httpload -n 1000 http://127.0.0.1:8080/SERVER/DIGEST
package main
