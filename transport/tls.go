package transport

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/bargee/bargee/internal/carrier"
)

// alpn names the protocol inside TLS.
const alpn = "bargee/1"

// tlsConfig returns the TLS both sides use. Certificates are not verified the usual
// way: there is no authority to ask.
// VerifyConnection demands that the peer holds one Ed25519 key; whether it is
// the right key is decided by the caller (pinned keys) or by a proof.
func (id *Identity) tlsConfig() (*tls.Config, error) {
	cert, err := id.certificate()
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	c := unauthorized(alpn, verifyConnection)
	c.Certificates = []tls.Certificate{cert}
	c.ClientAuth = tls.RequireAnyClientCert
	return c, nil
}

// unauthorized is TLS without certificate authorities: verify looks at what the peer
// shows.
func unauthorized(protocol string, verify func(tls.ConnectionState) error) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{protocol},
		InsecureSkipVerify:     true,
		VerifyConnection:       verify,
		SessionTicketsDisabled: true, // every connection proves the key anew
	}
}

func verifyConnection(s tls.ConnectionState) error { return verifyProtocol(s, alpn) }

func verifyProtocol(s tls.ConnectionState, protocol string) error {
	switch {
	case s.Version != tls.VersionTLS13:
		return errors.New("the peer does not speak TLS 1.3")
	case s.NegotiatedProtocol != protocol:
		return errors.New("the peer does not speak " + protocol)
	case len(s.PeerCertificates) != 1:
		return fmt.Errorf("the peer shows %d certificates, not one", len(s.PeerCertificates))
	}
	if _, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey); !ok {
		return errors.New("the peer's key is not Ed25519")
	}
	return nil
}

// peerKey returns the key that verifyConnection found.
func peerKey(s tls.ConnectionState) (Fingerprint, error) {
	if err := verifyConnection(s); err != nil {
		return Fingerprint{}, err
	}
	return FingerprintOf(shownKey(s)), nil
}

// shownKey is the key itself, of a connection that verifyConnection let pass.
func shownKey(s tls.ConnectionState) ed25519.PublicKey {
	return s.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
}

// RelayTLS is what a relay of this key speaks on TCP, see relay.Plane.Carry. Who
// comes shows no key there.
func (id *Identity) RelayTLS() (*tls.Config, error) {
	cert, err := id.certificate()
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		NextProtos:                  []string{carrier.Protocol, carrier.WebProtocol},
		Certificates:                []tls.Certificate{cert},
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true, // packets are bulk from the first
		VerifyConnection: func(s tls.ConnectionState) error {
			if s.NegotiatedProtocol != carrier.Protocol && s.NegotiatedProtocol != carrier.WebProtocol {
				return errors.New("the peer does not speak " + carrier.Protocol)
			}
			return nil
		},
	}, nil
}

// carriageTLS is what a peer speaks to a relay on TCP. The relay has to show the
// key that is wanted; the zero key: any, which shown is then set to.
func carriageTLS(protocol string, want Fingerprint, shown *Fingerprint) *tls.Config {
	c := unauthorized(protocol, func(s tls.ConnectionState) error {
		if err := verifyProtocol(s, protocol); err != nil {
			return err
		}
		*shown = FingerprintOf(s.PeerCertificates[0].PublicKey.(ed25519.PublicKey))
		if !want.IsZero() && *shown != want {
			return fmt.Errorf("it shows key %s where %s is pinned", shown.Short(), want.Short())
		}
		return nil
	})
	c.DynamicRecordSizingDisabled = true
	return c
}

// certificate wraps the key for TLS. Only the key in it means anything.
func (id *Identity) certificate() (tls.Certificate, error) {
	from, to := id.from, id.to
	if to.IsZero() {
		from, to = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "bargee"},
		NotBefore:    from,
		NotAfter:     to,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, id.key.Public(), id.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: id.key}, nil
}
