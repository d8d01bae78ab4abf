using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests.Fakes;

/// <summary>
/// Grains in memory with one lock: names, rows, leases with recall, answers by operation. Loses replies when told to.
/// </summary>
internal sealed class FakeCluster
{
    private readonly Lock _lock = new();
    private readonly Dictionary<InodeId, FakeInode> _inodes = [];
    private readonly Dictionary<SessionId, ILeaseHolder> _sessions = [];
    private readonly HashSet<SessionId> _absent = [];
    private readonly Dictionary<OperationId, object> _answers = [];
    private readonly Dictionary<string, QuotaLimits> _quotas = [];
    private readonly TimeProvider _time;
    private ulong _lastInode = 1;
    private ulong _lastNumber;
    private Stamp _stamp;

    public FakeCluster(TimeProvider time)
    {
        _time = time;
        Factory = FakeFactory.For(this);
        var now = Now();
        _inodes[InodeId.Root] = new FakeInode
        {
            Parent = InodeId.Root,
            Attributes = new InodeAttributes(
                InodeId.Root, 1, FileMode.Directory | 0x1ED, 2, 0, 0, 0, 0, 0, now, now, now, now, 1),
        };
    }

    public IGrainFactory Factory { get; }

    public TimeSpan Term { get; set; } = TimeSpan.FromSeconds(9);

    /// <summary>Called with the operation's name; true loses the reply after the operation was done.</summary>
    public Func<string, bool>? LosesReply { get; set; }

    /// <summary>Called with the operation's name; true fails the call before anything is done.</summary>
    public Func<string, bool>? LosesRequest { get; set; }

    /// <summary>Called with the operation's name when it is done: its reply leaves when the task has ended.</summary>
    public Func<string, Task>? HoldsReply { get; set; }

    /// <summary>Called with each write; an error refuses it.</summary>
    public Func<InodeId, WriteRequest, FsError>? OnWrite { get; set; }

    /// <summary>Operations done, by name.</summary>
    public Dictionary<string, int> Calls { get; } = [];

    public List<WriteRequest> Writes { get; } = [];

    public int Executed { get; private set; }

    public int KnownSessions
    {
        get
        {
            lock (_lock) return _sessions.Count;
        }
    }

    public int CallsOf(string name)
    {
        lock (_lock) return Calls.GetValueOrDefault(name);
    }

    /// <summary>The first reply of an operation waits until the source is completed.</summary>
    public TaskCompletionSource HoldFirst(string operation)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isHeld = false;
        HoldsReply = name =>
        {
            if (name != operation || isHeld) return Task.CompletedTask;
            isHeld = true;
            return source.Task;
        };
        return source;
    }

    public ILeaseHolder HolderOf(SessionId session)
    {
        lock (_lock) return _sessions[session];
    }

    public FakeInode Inode(InodeId id)
    {
        lock (_lock) return _inodes[id];
    }

    /// <summary>Rows of an inode, null when it is gone. Within a turn.</summary>
    public FakeInode? Row(InodeId id) => _inodes.GetValueOrDefault(id);

    /// <summary>Makes an inode's rows. Within a turn.</summary>
    public FakeInode Add(uint mode, Caller owner, Stamp now)
    {
        var id = new InodeId(++_lastInode);
        var links = FileMode.IsDirectory(mode) ? 2u : 1u;
        var row = new FakeInode
        {
            Attributes = new InodeAttributes(id, 1, mode, links, owner.Uid, owner.Gid, 0, 0, 0, now, now, now, now, 1),
        };
        _inodes.Add(id, row);
        return row;
    }

    /// <summary>Removes an inode's rows when nobody has it open. Within a turn.</summary>
    public void FreeIfForgotten(FakeInode row)
    {
        if (row.Attributes.Nlink == 0 && row.Orphans.Count == 0) _inodes.Remove(row.Attributes.Inode);
    }

    /// <summary>Opens a session. Within a turn.</summary>
    public void Enter(SessionId session, ILeaseHolder holder)
    {
        _sessions.Add(session, holder);
        _absent.Remove(session);
    }

    /// <summary>Whether a session was open before the restart and has not come back. Within a turn.</summary>
    public bool IsAbsent(SessionId session) => _absent.Contains(session);

    /// <summary>The silo restarts: it has its rows and answers, and knows no lease and no way to its clients.</summary>
    public void Restart()
    {
        lock (_lock)
        {
            _absent.UnionWith(_sessions.Keys);
            _sessions.Clear();
            foreach (var inode in _inodes.Values) inode.Leases.Clear();
        }
    }

    /// <summary>Ends a session. Within a turn.</summary>
    public void Leave(SessionId session)
    {
        _sessions.Remove(session);
        foreach (var row in _inodes.Values.ToArray())
        {
            row.Leases.Remove(session);
            if (row.Orphans.Remove(session)) FreeIfForgotten(row);
        }
    }

    /// <summary>Whether a session is open. Within a turn.</summary>
    public bool IsOpen(SessionId session) => _sessions.ContainsKey(session);

    /// <summary>Limits of an owner. Within a turn.</summary>
    public QuotaLimits QuotaOf(string owner) => _quotas.GetValueOrDefault(owner);

    public bool Exists(InodeId id)
    {
        lock (_lock) return _inodes.ContainsKey(id);
    }

    public LeaseMode LeaseOf(InodeId inode, SessionId session)
    {
        lock (_lock) return _inodes.GetValueOrDefault(inode)?.Leases.GetValueOrDefault(session).Mode ?? LeaseMode.None;
    }

    public void SetQuota(string owner, QuotaLimits limits)
    {
        lock (_lock) _quotas[owner] = limits;
    }

    /// <summary>The session is over: its leases are free, its keepalives refused.</summary>
    public void Evict(SessionId session)
    {
        lock (_lock)
        {
            _sessions.Remove(session);
            foreach (var inode in _inodes.Values) inode.Leases.Remove(session);
        }
    }

    public object GetGrain(Type type, object key)
    {
        if (type == typeof(IQuotaGrain)) return new FakeQuotaGrain(this, (string)key);
        var number = (ulong)(long)key;
        if (type == typeof(IDirectoryGrain)) return new FakeDirectoryGrain(this, new InodeId(number));
        if (type == typeof(IInodeGrain)) return new FakeInodeGrain(this, new InodeId(number));
        if (type == typeof(ISessionGrain)) return new FakeSessionGrain(this, new SessionId(number));
        return new FakeFileSystemGrain(this);
    }

    /// <summary>Runs an operation in its turn, once for each id.</summary>
    public async ValueTask<FsResult<T>> DoAsync<T>(
        string name, OperationContext op, InodeId on, RecallCause cause, Func<Stamp, FsResult<T>> apply)
    {
        if (LosesRequest?.Invoke(name) == true) throw new TimeoutException(name);
        object? answer;
        while (true)
        {
            await RecallAsync(on, op.Id.Session, LeaseMode.Write, cause);
            lock (_lock)
            {
                if (Conflicts(on, op.Id.Session, LeaseMode.Write).Count > 0) continue;
                if (!_sessions.ContainsKey(op.Id.Session)) return FsError.ESTALE;
                if (!_answers.TryGetValue(op.Id, out answer))
                {
                    Count(name);
                    Executed++;
                    answer = apply(Now());
                    _answers.Add(op.Id, answer);
                }

                if (LosesReply?.Invoke(name) == true) throw new TimeoutException(name);
                break;
            }
        }

        if (HoldsReply?.Invoke(name) is { } hold) await hold;
        return (FsResult<T>)answer;
    }

    /// <summary>Answers a question.</summary>
    public FsResult<T> Ask<T>(string name, Func<FsResult<T>> answer)
    {
        if (LosesRequest?.Invoke(name) == true) throw new TimeoutException(name);
        lock (_lock)
        {
            Count(name);
            return answer();
        }
    }

    /// <summary>Answers a question; the reply may be held up.</summary>
    public async ValueTask<FsResult<T>> AskAsync<T>(string name, Func<FsResult<T>> answer)
    {
        var reply = Ask(name, answer);
        if (HoldsReply?.Invoke(name) is { } hold) await hold;
        return reply;
    }

    public async ValueTask RecallAsync(InodeId on, SessionId session, LeaseMode wanted, RecallCause cause)
    {
        while (true)
        {
            List<(SessionId Session, ILeaseHolder Holder, ulong Number)> conflicts;
            lock (_lock) conflicts = Conflicts(on, session, wanted);
            if (conflicts.Count == 0) return;
            foreach (var conflict in conflicts)
            {
                var keep = wanted == LeaseMode.Read ? LeaseMode.Read : LeaseMode.None;
                var recall = new LeaseRecall(on, conflict.Number, keep, cause, default);
                var returned = await conflict.Holder.RecallAsync(recall);
                lock (_lock) Return(on, conflict.Session, conflict.Number, returned);
            }
        }
    }

    private List<(SessionId Session, ILeaseHolder Holder, ulong Number)> Conflicts(
        InodeId on, SessionId session, LeaseMode wanted)
    {
        if (!_inodes.TryGetValue(on, out var inode)) return [];
        return [.. inode.Leases
            .Where(lease => lease.Key != session && (wanted == LeaseMode.Write || lease.Value.Mode == LeaseMode.Write))
            .Select(lease => (lease.Key, _sessions[lease.Key], lease.Value.Number))];
    }

    private void Return(InodeId on, SessionId session, ulong number, LeaseReturn returned)
    {
        if (!_inodes.TryGetValue(on, out var inode) || !inode.Leases.TryGetValue(session, out var held)) return;
        if (held.Number > number) return;
        if (returned.Kept == LeaseMode.None) inode.Leases.Remove(session);
        else inode.Leases[session] = (returned.Kept, held.Number);
        if (returned.IsOpen) inode.Orphans.Add(session);
    }

    public LeaseGrant Grant(FakeInode inode, SessionId session, LeaseMode mode)
    {
        if (!_sessions.ContainsKey(session)) return LeaseGrant.None;
        var own = inode.Leases.GetValueOrDefault(session).Mode;
        var isBlocked = inode.Leases.Any(
            lease => lease.Key != session && (mode == LeaseMode.Write || lease.Value.Mode == LeaseMode.Write));
        if (isBlocked) return LeaseGrant.None;
        var granted = own > mode ? own : mode;
        inode.Leases[session] = (granted, ++_lastNumber);
        return new LeaseGrant(granted, new Epoch(1), _lastNumber);
    }

    private void Count(string name) => Calls[name] = Calls.GetValueOrDefault(name) + 1;

    public Stamp Now() => _stamp = _stamp.After(Stamp.Of(_time.GetUtcNow()));

    public static void Touch(FakeInode directory, Stamp now, int entries, int links) =>
        directory.Attributes = directory.Attributes with
        {
            Mtime = now,
            Ctime = now,
            SizeBytes = (ulong)((long)directory.Attributes.SizeBytes + entries),
            Nlink = (uint)(directory.Attributes.Nlink + links),
            ChangeCounter = directory.Attributes.ChangeCounter + 1,
        };
}
