// Package s3test starts a real S3 server for tests: versitygw, as .ci/s3 builds it.
// Where BARGEE_S3_SERVER does not name one, the test is skipped.
package s3test
