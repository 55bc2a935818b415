public func misplacedServers(
    _ states: [LoadBalancerID: LoadBalancerState], _ rules: [TrafficRule], inventories: [Color: Inventory]
) -> [String] { [] }
