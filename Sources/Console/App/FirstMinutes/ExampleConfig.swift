import Model

/// The config that the console offers to write where there is none: the same as config.yaml of the repository.
package enum ExampleConfig {
    package static let text = """
        # The cluster that `make console` opens. Every field of Cluster has a default; this document may be left out.
        Cluster:
          Name: demo                 # shown in the console; connections of another cluster are refused
          Placement: fixed           # fixed | modulo | ring: how slots are given to shards
          Engine: lmdb               # lmdb | rocksdb, for nodes started without --db-type
          Durability: fsync          # fsync | os: reply when a write is on the disk, or with the operating system
          DataDirectory: data        # relative to this file; one folder per node below it
          Coordinator: local         # local | etcd: one machine, or many
          EtcdEndpoints: []          # http(s)://host:port, for etcd
          LeaseSeconds: 3            # failover starts when a leader's lease has run out
          MinInSync: 1               # refuse writes with fewer in-sync members, the leader included
          Environment: development   # development | staging | production: the colour of the console's frame
          ReserveBytes: 256MiB       # writes are refused with less free disk, taken again above twice that
        ---
        # One document per shard, in any order; Index starts at 0 with none skipped. Address is the leader's.
        Shard:
          Name: shard0
          Index: 0
          Address: 127.0.0.2:8080
          Replicas: [127.0.0.22:8080]
        ---
        Shard:
          Name: shard1
          Index: 1
          Address: 127.0.0.3:8080
          Replicas: [127.0.0.33:8080]

        """
}
