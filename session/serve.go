package session

import (
	"context"

	"github.com/bargee/bargee/transport"
)

// ServerConfig says what a Server serves and what it lets its peers do.
type ServerConfig struct {
	Tree         *Dir
	ReadOnly     bool  // nothing in the tree is changed
	WriteOnly    bool  // nothing of the tree is told: only Make, Send and Ping are answered
	MaxFileSize  int64 // bytes, both directions; 0: no limit
	MinChunkSize int   // bytes; 0: 64 KiB
	MaxChunkSize int   // bytes; 0: 16 MiB
	MaxStreams   int   // data streams of one transfer; 0: 255

	// Keep, if not nil, stores a grant for the peer's key, on its request.
	Keep func(transport.Peer) error
}

// A Server answers the requests of peers against one tree.
type Server struct{ cfg ServerConfig }

// NewServer returns a server for cfg.Tree, which must stay open while it serves.
func NewServer(cfg ServerConfig) *Server { return &Server{cfg: cfg} }

// Serve answers the requests that arrive on l until l is closed or ctx ends.
// It may be called for many links at a time.
func (s *Server) Serve(ctx context.Context, l transport.Link) error { return nil }
