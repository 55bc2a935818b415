import FoundationEssentials
import Glibc

/// What rz's children see of its own environment variables: where programs and files are, how the network and the
/// providers' services are reached, and what `pass` of environment.yaml names.
///
/// No variable that changes what Terraform and Ansible do, as no file in Git would show it, and no secret of others.
public struct InheritedEnvironment: Sendable {
    private let all: [String: String]
    private let passed: Set<String>

    public init(_ all: [String: String] = ProcessInfo.processInfo.environment, passing names: [String] = []) {
        self.all = all
        passed = Set(names)
    }

    public var variables: [String: String] {
        var variables = all.filter { name, _ in
            Self.names.contains(name) || Self.families.contains { name.hasPrefix($0) } || passed.contains(name)
        }
        // Python would write beside the files that it runs, and a pinned copy would not be what was pinned.
        variables["PYTHONDONTWRITEBYTECODE"] = "1"
        return variables
    }

    /// Those that one tool alone may see.
    func variables(where isMeant: (String) -> Bool) -> [String: String] { all.filter { isMeant($0.key) } }

    /// A variable of rz's own, whether children see it or not.
    subscript(_ name: String) -> String? { all[name] }

    private static let names: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH",
        "RZ_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSH_AUTH_SOCK",
        "KRB5CCNAME", "GNUPGHOME", "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY",
        "NO_PROXY", "ALL_PROXY",
    ]

    /// Locale and folders, then the credentials and addresses of clouds and of services.
    private static let families = [
        "LC_", "XDG_",
        "AWS_", "ARM_", "AZURE_", "GOOGLE_", "GCLOUD_", "CLOUDSDK_", "OS_", "OCI_", "ALICLOUD_", "IBMCLOUD_",
        "HCLOUD_", "HETZNER_", "DIGITALOCEAN_", "LINODE_", "SCW_", "OVH_", "EXOSCALE_", "IONOS_", "VULTR_", "UPCLOUD_",
        "CLOUDFLARE_", "VSPHERE_", "VCD_", "PROXMOX_", "PM_", "NUTANIX_", "LIBVIRT_", "XENORCHESTRA_", "MAAS_",
        "VAULT_", "CONSUL_", "NOMAD_", "NETBOX_", "KUBE_", "DOCKER_", "GITHUB_", "GITLAB_", "PDNS_",
    ]
}
