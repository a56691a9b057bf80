module github.com/uringnet/go-uringnet/benchmarks/peers

go 1.26.0

replace github.com/uringnet/go-uringnet => ../..

require (
	github.com/brickingsoft/rio v1.5.0
	github.com/cloudwego/netpoll v0.7.2
	github.com/godzie44/go-uring v0.0.0-20250501163612-d16a9e597639
	github.com/iceber/iouring-go v0.0.0-20230403020409-002cfd2e2a90
	github.com/lesismal/nbio v1.6.5
	github.com/panjf2000/gnet/v2 v2.9.1
	github.com/tidwall/evio v1.0.8
	github.com/uringnet/go-uringnet v0.0.0-00010101000000-000000000000
	github.com/valyala/fasthttp v1.78.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/bytedance/gopkg v0.1.1 // indirect
	github.com/cloudwego/gopkg v0.1.4 // indirect
	github.com/kavu/go_reuseport v1.5.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/lesismal/llib v1.2.2 // indirect
	github.com/libp2p/go-sockaddr v0.1.1 // indirect
	github.com/molecule-man/go-brrr v1.3.1 // indirect
	github.com/panjf2000/ants/v2 v2.11.3 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	go.uber.org/zap v1.27.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sync v0.11.0 // indirect
	gopkg.in/natefinch/lumberjack.v2 v2.2.1 // indirect
)
