package transport

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
)

// socketBuffer is what is asked of the kernel for each direction: a burst of a
// lane at full speed, while its goroutine waits for a core.
const socketBuffer = 8 << 20

// hush is called before there is an endpoint: quic-go prints a warning to standard
// error, in the middle of a screen, where the kernel grants smaller buffers. We ask
// for the most there is.
var hush = sync.OnceFunc(func() {
	if _, set := os.LookupEnv(quietBuffers); !set {
		os.Setenv(quietBuffers, "true")
	}
})

const quietBuffers = "QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING"

// listenUDP opens the socket of an endpoint: IPv6 and IPv4 at once where addr
// names no host.
func listenUDP(addr string) (net.PacketConn, error) {
	a, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	c, err := net.ListenUDP("udp", a)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on %s: port %d is in use, by another bargee perhaps: %w", addr, a.Port, syscall.EADDRINUSE)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	// The errors do not matter: a smaller buffer is slower, not wrong.
	_ = c.SetReadBuffer(socketBuffer)
	_ = c.SetWriteBuffer(socketBuffer)
	return tuneSocket(c), nil
}
