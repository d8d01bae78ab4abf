using System.Collections.Immutable;
using System.Text;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests.Fakes;

/// <summary>What files and directories have in common.</summary>
internal abstract class FakeInodeOperations(FakeCluster cluster, InodeId id) : IInodeOperations
{
    protected FakeCluster Cluster => cluster;

    protected InodeId Id => id;

    protected FakeInode? Row => cluster.Row(id);

    public ValueTask<FsResult<AttributesReply>> GetAttributesAsync(SessionId session) =>
        cluster.AskAsync("GetAttributes", () => Reply(session, LeaseMode.Read));

    public ValueTask<FsResult<AttributesReply>> SetAttributesAsync(OperationContext op, AttributesChange change) =>
        cluster.DoAsync<AttributesReply>("SetAttributes", op, id, RecallCause.AttributesChange, now =>
        {
            if (Row is not { } row) return FsError.ESTALE;
            row.Apply(change, now);
            return new AttributesReply(row.Attributes, LeaseGrant.None);
        });

    public ValueTask<FsResult<byte[]>> GetXattrAsync(SessionId session, FsName name) =>
        new(cluster.Ask<byte[]>("GetXattr", () =>
            Row is { } row && row.Xattrs.TryGetValue(name.ToString(), out var value) ? value : FsError.ENODATA));

    public ValueTask<FsResult<ImmutableArray<FsName>>> ListXattrAsync(SessionId session) =>
        new(cluster.Ask<ImmutableArray<FsName>>("ListXattr", () => Row is { } row
            ? row.Xattrs.Keys.Select(FsName.Of).ToImmutableArray() : FsError.ESTALE));

    public ValueTask<FsResult<Nothing>> SetXattrAsync(OperationContext op, FsName name, byte[] value, XattrMode mode) =>
        cluster.DoAsync<Nothing>("SetXattr", op, id, RecallCause.AttributesChange, _ =>
        {
            Row!.Xattrs[Encoding.UTF8.GetString(name.Bytes)] = value;
            return Nothing.Value;
        });

    public ValueTask<FsResult<Nothing>> RemoveXattrAsync(OperationContext op, FsName name) =>
        cluster.DoAsync<Nothing>("RemoveXattr", op, id, RecallCause.AttributesChange,
            _ => Row!.Xattrs.Remove(name.ToString()) ? Nothing.Value : FsError.ENODATA);

    public async ValueTask<FsResult<AttributesReply>> AcquireLeaseAsync(SessionId session, LeaseMode mode)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            await cluster.RecallAsync(id, session, mode, RecallCause.Lease);
            var reply = await cluster.AskAsync("AcquireLease", () => Reply(session, mode));
            if (reply.IsError || reply.Value.Lease.Mode >= mode) return reply;
        }

        return FsError.ETIMEDOUT;
    }

    public ValueTask<FsResult<Nothing>> ReleaseLeaseAsync(SessionId session, ulong number, bool isOpen) =>
        new(cluster.Ask<Nothing>("ReleaseLease", () =>
        {
            if (Row is { } row && row.Leases.GetValueOrDefault(session).Number <= number) row.Leases.Remove(session);
            return Nothing.Value;
        }));

    public ValueTask<FsResult<Nothing>> SyncAsync(SessionId session) =>
        new(cluster.Ask<Nothing>("Sync", () => cluster.IsOpen(session) ? Nothing.Value : FsError.ESTALE));

    public ValueTask<FsResult<Nothing>> ForgetOrphanAsync(SessionId session) =>
        new(cluster.Ask<Nothing>("ForgetOrphan", () =>
        {
            if (Row is not { } row) return Nothing.Value;
            row.Orphans.Remove(session);
            cluster.FreeIfForgotten(row);
            return Nothing.Value;
        }));

    public ValueTask<FsResult<InodeAttributes>> BeginIntentAsync(
        OperationId op, SessionId session, RecallCause cause) =>
        throw new NotSupportedException("Only directory grains ask for intents");

    public ValueTask<FsResult<Nothing>> EndIntentAsync(OperationId op) =>
        throw new NotSupportedException("Only directory grains ask for intents");

    private FsResult<AttributesReply> Reply(SessionId session, LeaseMode mode)
    {
        if (Row is not { } row || !cluster.IsOpen(session)) return FsError.ESTALE;
        return new AttributesReply(row.Attributes, cluster.Grant(row, session, mode));
    }
}

/// <summary>A file's grain.</summary>
internal sealed class FakeInodeGrain(FakeCluster cluster, InodeId id) : FakeInodeOperations(cluster, id), IInodeGrain
{
    public ValueTask<FsResult<FileMap>> GetMapAsync(SessionId session, uint firstExtent, uint count) =>
        Cluster.AskAsync<FileMap>("GetMap", () => Row is { } row ? row.Map(firstExtent, count) : FsError.ESTALE);

    public ValueTask<FsResult<AttributesReply>> WriteAsync(OperationContext op, WriteRequest request)
    {
        if (Cluster.OnWrite?.Invoke(Id, request) is { } error && error != FsError.None)
        {
            return Cluster.AskAsync<AttributesReply>("Write", () => error);
        }

        return Cluster.DoAsync<AttributesReply>("Write", op, Id, RecallCause.DataChange, now =>
        {
            if (Row is not { } row) return FsError.ESTALE;
            Cluster.Writes.Add(request);
            row.Apply(request, now);
            return new AttributesReply(row.Attributes, LeaseGrant.None);
        });
    }

    public ValueTask<FsResult<AttributesReply>> AllocateAsync(
        OperationContext op, AllocateMode mode, ulong offset, ulong length) =>
        Cluster.DoAsync<AttributesReply>("Allocate", op, Id, RecallCause.DataChange, now =>
        {
            var row = Row!;
            if ((mode & AllocateMode.PunchHole) != 0) row.Punch(offset, length, PieceKind.Hole);
            if ((mode & AllocateMode.ZeroRange) != 0) row.Punch(offset, length, PieceKind.Unwritten);
            var grows = (mode & AllocateMode.KeepSize) == 0;
            var size = grows ? Math.Max(row.Attributes.SizeBytes, offset + length) : row.Attributes.SizeBytes;
            row.Attributes = row.Attributes with
            {
                SizeBytes = size,
                Ctime = now,
                Mtime = now,
                ChangeCounter = row.Attributes.ChangeCounter + 1,
            };
            return new AttributesReply(row.Attributes, LeaseGrant.None);
        });

    public ValueTask<FsResult<Nothing>> ReserveAsync(SessionId session, ulong bytes) =>
        new(Cluster.Ask<Nothing>("Reserve", () =>
        {
            var row = Row!;
            var max = Cluster.QuotaOf($"u:{row.Attributes.Uid}").BytesMax;
            if (max != 0 && row.Attributes.SizeBytes + row.ReservedBytes + bytes > max) return FsError.EDQUOT;
            row.ReservedBytes += bytes;
            return Nothing.Value;
        }));

    public ValueTask<FsResult<byte[]>> ReadLinkAsync(SessionId session) =>
        new(Cluster.Ask<byte[]>("ReadLink", () => Row?.Target is { } target ? target : FsError.EINVAL));
}
