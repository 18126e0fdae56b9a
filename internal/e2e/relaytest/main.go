//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/transport"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "relaytest:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("see doc.go")

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "forward" && args[1] == "relay":
		return forward(args[2])
	case len(args) == 3 && args[0] == "forward" && args[1] == "plain":
		return forwardPlainly(args[2])
	case len(args) == 3 && args[0] == "sink":
		return sink(args[1], args[2])
	case len(args) == 5 && args[0] == "send":
		rate, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		d, err := time.ParseDuration(args[4])
		if err != nil {
			return err
		}
		return send(args[1], args[2], rate, d)
	case len(args) == 4 && args[0] == "links":
		n, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		return links(args[1], args[2], n)
	}
	return errUsage
}

// keyOf is the key of a leg: all who run this know both.
func keyOf(leg uint8) []byte { return bytes.Repeat([]byte{leg + 1}, 32) }

// forward is a relay with one session, until standard input ends.
func forward(addr string) error {
	p, err := relay.NewPlane(addr, 1)
	if err != nil {
		return err
	}
	defer p.Close()
	s, err := p.Open([2][]byte{keyOf(0), keyOf(1)})
	if err != nil {
		return err
	}
	fmt.Println("ready", s.ID)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// forwardPlainly sends each packet to whoever of two did not send it.
func forwardPlainly(addr string) error {
	at, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return err
	}
	c, err := net.ListenUDP("udp", at)
	if err != nil {
		return err
	}
	_ = c.SetReadBuffer(8 << 20) // as the relay asks for
	fmt.Println("ready", "plain")
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	var ends [2]netip.AddrPort
	b := make([]byte, 2048)
	for {
		n, from, err := c.ReadFromUDPAddrPort(b)
		if err != nil {
			return err
		}
		for i := range ends {
			if ends[i].IsValid() && ends[i] != from {
				continue
			}
			ends[i] = from
			if to := ends[1-i]; to.IsValid() {
				_, _ = c.WriteToUDPAddrPort(b[:n], to)
			}
			break
		}
	}
}

// links keeps n links to a relay, as peers do that wait to be found.
func links(addr, tokenFile string, n int) error {
	b, err := os.ReadFile(tokenFile)
	if err != nil {
		return err
	}
	secret, err := transport.ParseSecret(strings.TrimSpace(string(b)))
	if err != nil {
		return err
	}
	ctx := context.Background()
	const sockets = 16
	var all sync.WaitGroup
	wrong := make(chan error, sockets)
	for range sockets {
		all.Go(func() {
			id, err := transport.NewIdentity()
			if err != nil {
				wrong <- err
				return
			}
			e, err := transport.ListenToRelay(":0", transport.Config{Identity: id, Agent: "relaytest"}, addr)
			if err != nil {
				wrong <- err
				return
			}
			for range n / sockets {
				if _, err := e.Dial(ctx, transport.Remote{Addresses: []string{addr}, Secret: secret}); err != nil {
					wrong <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-wrong:
		return err
	default:
	}
	fmt.Println("ready", n/sockets*sockets)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
