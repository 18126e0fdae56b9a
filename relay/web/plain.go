package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
)

// plainHead is what net/http writes between the status and the text of an answer that
// it gives itself, to what is no request. It has no date, which all others have.
const plainHead = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// longestPlain is more than such an answer has, all of it in one write.
const longestPlain = 512

// asJSON is an answer of net/http's own as one of ours, or nil if p is none: there is no
// way to tell a server what it is to say to what it cannot read, but what it writes
// comes by our connections.
func asJSON(p []byte) []byte {
	if len(p) > longestPlain || !bytes.HasPrefix(p, []byte("HTTP/1.")) {
		return nil
	}
	head, text, ok := bytes.Cut(p, []byte(plainHead))
	if !ok {
		if head, text, ok = bytes.Cut(p, []byte("\r\n\r\n")); !ok || bytes.Contains(head, []byte("\r\n")) || len(text) == 0 {
			return nil
		}
		// To who speaks HTTP where HTTPS is spoken: a status, and no header at all.
	}
	words := bytes.SplitN(head, []byte(" "), 3)
	status, err := strconv.Atoi(string(words[min(1, len(words)-1)]))
	if err != nil || status < 400 || status > 599 {
		return nil
	}
	kind := kindInvalid
	if status == http.StatusRequestHeaderFieldsTooLarge {
		kind = kindLimit
	}
	body := fmt.Sprintf("{\"error\":{\"kind\":%q,\"message\":%q}}\n", kind, bytes.TrimSpace(text))
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
}
