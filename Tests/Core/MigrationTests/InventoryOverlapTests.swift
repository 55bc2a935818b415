import Migration
import Testing

@Suite("Two colors' servers")
struct InventoryOverlapTests {
    private func inventory(_ hosts: Host...) -> Inventory { Inventory(groups: ["agent": hosts, "again": hosts]) }

    @Test("are apart when no name, no address and no id is in both")
    func apart() {
        let blue = inventory(Host(name: "blue-1", address: "10.0.1.1", variables: ["id": "i-1", "rack": "r"]))
        let green = inventory(Host(name: "green-1", address: "10.0.2.1", variables: ["id": "i-2", "rack": "r"]))
        #expect(blue.overlaps(with: green).isEmpty)
        #expect(blue.overlaps(with: Inventory()).isEmpty)
    }

    @Test("overlap by name, by address and by id, each reported once")
    func overlap() {
        let blue = inventory(
            Host(name: "one", address: "10.0.1.1"), Host(name: "blue-2", address: "Host.example"),
            Host(name: "blue-3", address: "10.0.1.3", variables: ["id": "i-3"]))
        let green = inventory(
            Host(name: "one", address: "10.0.2.1"), Host(name: "green-2", address: "host.example"),
            Host(name: "green-3", address: "10.0.2.3", variables: ["id": "i-3"]))
        #expect(
            blue.overlaps(with: green) == [
                "both have a server one", "blue-2 and green-2 have the same address Host.example",
                "blue-3 and green-3 have the same id i-3",
            ])
    }

    @Test("that are not known yet are no one's")
    func unknown() {
        let blue = inventory(Host(name: "terraform_data.a", address: "", variables: ["id": ""]))
        let green = inventory(Host(name: "terraform_data.b", address: "", variables: ["id": ""]))
        #expect(blue.overlaps(with: green).isEmpty)
    }
}
