import Foundation

/// The environment variables of rz itself, on which those of its children are based.
public enum InheritedEnvironment {
    public static var variables: [String: String] {
        // Python would write beside the files that it runs, and a pinned copy would not be what was pinned.
        ProcessInfo.processInfo.environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
    }

    /// Those that Terraform and Ansible may see: where programs and files are, how the network and the providers'
    /// services are reached. No variable that changes what these tools do, as no file in Git would tell of it.
    static func forTools(_ variables: [String: String]) -> [String: String] {
        variables.filter { name, _ in names.contains(name) || families.contains { name.hasPrefix($0) } }
    }

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
