package bucket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// IsURL tells whether a location is a URL, and no directory's name.
func IsURL(location string) bool {
	return strings.HasPrefix(location, "s3:") || strings.HasPrefix(location, "file:")
}

// Open opens the store at a location: s3://BUCKET[/PREFIX]?... as ParseS3 has it, or a
// directory, by name or as file:///NAME.
func Open(ctx context.Context, location string) (Bucket, error) {
	switch {
	case strings.HasPrefix(location, "s3:"):
		o, err := ParseS3(location)
		if err != nil {
			return nil, err
		}
		s, err := OpenS3(ctx, o)
		if err != nil {
			return nil, err // and no *S3 that is nil
		}
		return s, nil
	case strings.HasPrefix(location, "file:"):
		u, err := url.Parse(location)
		if err != nil || u.Host != "" || u.Path == "" || u.RawQuery != "" {
			return nil, fmt.Errorf("%s: want file:///DIRECTORY", location)
		}
		location = u.Path
	}
	d, err := OpenDirectory(location)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// S3Options say where a bucket is, and how it is spoken to.
type S3Options struct {
	Bucket, Prefix string // Prefix: "" or ends in a slash
	Region         string
	endpoint       string // as written
	host           string
	secure         bool
	virtual        bool // the bucket is part of the host's name
	keys           s3Keys
}

type s3Keys struct{ id, secret, session string }

// ParseS3 reads s3://BUCKET[/PREFIX][?endpoint=URL][&region=R][&style=path|virtual].
// The endpoint is AWS if it is not said, and the region that of AWS_REGION, or
// us-east-1; style is path where there is an endpoint. Keys are in the environment:
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if need be, AWS_SESSION_TOKEN. In the
// URL, which others on the machine can see, they are refused.
func ParseS3(location string) (o S3Options, err error) {
	if o, err = parseS3(location); err != nil {
		return o, err
	}
	o.keys = s3Keys{os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")}
	if o.keys.id == "" || o.keys.secret == "" {
		return o, fmt.Errorf("%s needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment", location)
	}
	return o, nil
}

// CheckS3 finds what is wrong with a location, without its keys.
func CheckS3(location string) error {
	_, err := parseS3(location)
	return err
}

func parseS3(location string) (o S3Options, err error) {
	u, err := url.Parse(location)
	if err != nil {
		return o, errors.New("not a URL of the form s3://BUCKET") // what it says may hold a secret
	}
	if u.User != nil {
		return o, errors.New("keys of a store belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not into its URL")
	}
	if o.Bucket = u.Host; u.Scheme != "s3" || o.Bucket == "" || u.Fragment != "" {
		return o, fmt.Errorf("%s: want s3://BUCKET[/PREFIX]", location)
	}
	if o.Prefix = strings.Trim(u.Path, "/"); o.Prefix != "" {
		if err := checkKey(o.Prefix); err != nil {
			return o, fmt.Errorf("%s: %w", location, err)
		}
		o.Prefix += "/"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return o, fmt.Errorf("%s: %w", location, err)
	}
	o.Region = cmp.Or(query.Get("region"), os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1")
	o.virtual = query.Get("endpoint") == ""
	for name := range query {
		switch name {
		case "endpoint", "region":
		case "style":
			if o.virtual = query.Get(name) == "virtual"; !o.virtual && query.Get(name) != "path" {
				return o, fmt.Errorf("%s: style is path or virtual", location)
			}
		default:
			return o, fmt.Errorf("%s: %s is not known; endpoint, region and style are", location, name)
		}
	}
	o.endpoint = cmp.Or(query.Get("endpoint"), "https://s3.amazonaws.com")
	e, err := url.Parse(o.endpoint)
	if err != nil || e.Host == "" || e.Scheme != "http" && e.Scheme != "https" || strings.Trim(e.Path, "/") != "" || e.User != nil || e.RawQuery != "" {
		return o, fmt.Errorf("%s: the endpoint is http[s]://HOST[:PORT]", location)
	}
	o.host, o.secure = e.Host, e.Scheme == "https"
	return o, nil
}

// String names the store, without its keys.
func (o S3Options) String() string {
	return "s3://" + o.Bucket + "/" + o.Prefix + " at " + o.endpoint
}
