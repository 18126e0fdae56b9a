package session

import (
	"context"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// serveSend answers Request{send}: the asker announces and sends, we receive
// into the served tree. It owns the stream.
func (s *Server) serveSend(ctx context.Context, st transport.Stream, req *wire.Send) {}

// serveFetch answers Request{fetch}: we send what the asker named.
func (s *Server) serveFetch(ctx context.Context, st transport.Stream, req *wire.Fetch) {}

// serveData answers Request{data}: it hands the stream to its transfer.
func (s *Server) serveData(ctx context.Context, st transport.Stream, req *wire.Data) {}
