module github.com/uringnet/go-uringnet/examples

go 1.26.0

require (
	github.com/klauspost/compress v1.20.3
	github.com/uringnet/go-uringnet v0.0.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/iceber/iouring-go v0.0.0-20230403020409-002cfd2e2a90 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
)

replace github.com/uringnet/go-uringnet => ..
