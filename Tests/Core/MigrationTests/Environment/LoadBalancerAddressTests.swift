import Foundation
import Migration
import Testing

@Suite("A load balancer's address")
struct LoadBalancerAddressTests {
    private func written(_ address: LoadBalancerAddress) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(address), as: UTF8.self)
    }

    private func read(_ text: String) throws -> LoadBalancerAddress {
        try JSONDecoder().decode(LoadBalancerAddress.self, from: Data(text.utf8))
    }

    @Test("says its kind, but for an HAProxy, as plans of before have it")
    func kinds() throws {
        let traefik = LoadBalancerAddress(
            name: "edge-3",
            .traefik(
                .init(api: "https://edge-3:8080", .file("/etc/rz.yml"), user: "rz", password: "${file:/etc/rz/pw}")))
        let text = try written(traefik)
        #expect(
            text == #"{"name":"edge-3","traefik":{"api":"https://edge-3:8080","file":"/etc/rz.yml","#
                + #""password":"${file:/etc/rz/pw}","user":"rz"}}"#)
        #expect(try read(text) == traefik)
        #expect(traefik.keepsWeights)
        let inRedis = LoadBalancerAddress(
            name: "edge-3",
            .traefik(
                .init(
                    api: "https://edge-3:8080",
                    .redis(.init(address: "redis:6379", user: "rz", password: "${file:/etc/rz/pw}")))))
        let redisText = try written(inRedis)
        #expect(
            redisText == #"{"name":"edge-3","traefik":{"api":"https://edge-3:8080","redis":{"address":"redis:6379","#
                + #""database":0,"password":"${file:/etc/rz/pw}","rootKey":"traefik","user":"rz"}}}"#)
        #expect(try read(redisText) == inRedis)
        let alb = LoadBalancerAddress(
            name: "edge-4",
            .alb(.init(region: "eu-central-1", rules: ["shop": "arn:a"], accessKey: "A", secretKey: "${env:S}")))
        let albText = try written(alb)
        #expect(
            albText == #"{"alb":{"accessKey":"A","region":"eu-central-1","rules":{"shop":"arn:a"},"#
                + #""secretKey":"${env:S}"},"name":"edge-4"}"#)
        #expect(try read(albText) == alb)
        #expect(alb.keepsWeights)
        let haproxy = LoadBalancerAddress(name: "edge-1", .haproxy(.init(socket: "unix:/a")))
        #expect(try written(haproxy) == #"{"name":"edge-1","socket":"unix:/a"}"#)
        #expect(try read(#"{"name":"edge-1","socket":"unix:/a"}"#) == haproxy)
    }

    @Test("that is called over TLS is one of the places where certificates are looked at")
    func tls() {
        var environment = Environment(name: "shop")
        environment.loadBalancers = [
            LoadBalancerAddress(name: "edge-3", .traefik(.init(api: "https://edge-3", .file("/a.yml")))),
            LoadBalancerAddress(name: "edge-4", .traefik(.init(api: "http://edge-4", .file("/b.yml")))),
            LoadBalancerAddress(
                name: "edge-5",
                .alb(.init(region: "eu-central-1", rules: [:], accessKey: "A", secretKey: "${env:S}"))),
            LoadBalancerAddress(
                name: "edge-6",
                .alb(
                    .init(
                        region: "cn-north-1", rules: [:], accessKey: "A", secretKey: "${env:S}",
                        sessionToken: "${env:T}"))),
        ]
        #expect(
            environment.tlsPlaces.map(\.address) == [
                "https://edge-3", "https://elasticloadbalancing.eu-central-1.amazonaws.com",
                "https://elasticloadbalancing.cn-north-1.amazonaws.com.cn",
            ])
        #expect(
            environment.tlsPlaces.map(\.key) == [
                "loadBalancers[].traefik", "loadBalancers[].alb", "loadBalancers[].alb",
            ])
        #expect(environment.clearPlaces([Inventory()]).isEmpty)
        environment.loadBalancers = [
            LoadBalancerAddress(
                name: "edge-5",
                .alb(
                    .init(
                        region: "eu-central-1", rules: [:], accessKey: "A", secretKey: "${env:S}",
                        sessionToken: "${env:T}", endpoint: "http://api.example.org")))
        ]
        #expect(environment.clearPlaces([Inventory()]).count == 1)
        func redis(_ tls: TLSRules?, address: Setting = "redis.example.org:6379") -> LoadBalancerAddress {
            LoadBalancerAddress(
                name: "edge-3",
                .traefik(
                    .init(api: "http://edge-3", .redis(.init(address: address, password: "${env:P}", tls: tls)))))
        }
        environment.loadBalancers = [redis(nil)]
        #expect(environment.tlsPlaces.isEmpty)
        #expect(
            environment.clearPlaces([Inventory()]) == [
                "loadBalancers[].traefik.redis: the credentials for redis.example.org:6379 would cross the network "
                    + "unencrypted; use `tls`, or a tunnel"
            ])
        environment.loadBalancers = [redis(TLSRules())]
        #expect(environment.tlsPlaces.map(\.key) == ["loadBalancers[].traefik.redis"])
        #expect(environment.clearPlaces([Inventory()]).isEmpty)
        environment.loadBalancers = [redis(nil, address: "127.0.0.1:6379")]
        #expect(environment.clearPlaces([Inventory()]).isEmpty)
    }
}
