import Migration
import Testing

@Suite("Servers of two colors")
struct InventoryAddressTests {
    private func inventory(_ hosts: Host...) -> Inventory { Inventory(groups: ["agent": hosts]) }

    @Test(
        "share one that would be configured at the other's address",
        arguments: ["ansible_host", "ansible_ssh_host"])
    func configuredElsewhere(_ variable: String) {
        let blue = inventory(Host(name: "blue-1", address: "10.0.0.1"))
        let green = inventory(Host(name: "green-1", address: "10.0.0.2", variables: [variable: "10.0.0.1"]))
        let expected = ["green-1 and blue-1 have the same address 10.0.0.1"]
        #expect(green.overlaps(with: blue) == expected)
        #expect(blue.overlaps(with: green) == ["blue-1 and green-1 have the same address 10.0.0.1"])
    }

    @Test("are apart behind two ports of one address, and not behind one")
    func ports() {
        func host(_ name: String, _ address: String, _ port: String) -> Host {
            Host(name: name, address: address, variables: ["ansible_host": "127.0.0.1", "ansible_port": port])
        }
        let blue = inventory(host("blue-1", "10.0.0.1", "2201"))
        #expect(inventory(host("green-1", "10.0.0.2", "2202")).overlaps(with: blue) == [])
        #expect(
            inventory(host("green-1", "10.0.0.2", "2201")).overlaps(with: blue)
                == ["green-1 and blue-1 have the same address 127.0.0.1"])
    }

    @Test("in several groups count once, with what each group says of them")
    func severalGroups() {
        let inventory = Inventory(groups: [
            "manager": [Host(name: "a", address: "10.0.0.1", variables: ["myid": "1"], structured: ["myid"])],
            "zookeeper": [
                Host(name: "a", address: "10.0.0.1", variables: ["disks": "[]", "myid": "1"], structured: ["disks"]),
                Host(name: "b", address: "10.0.0.2"),
            ],
        ])
        #expect(inventory.hosts.map(\.name) == ["a", "b"])
        #expect(inventory.hosts[0].variables == ["myid": "1", "disks": "[]"])
        #expect(inventory.hosts[0].structured == ["disks", "myid"])
    }
}
