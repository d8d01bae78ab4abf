using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Segments;
using ClaudeFs.DataPlane.Storage.Space;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>
/// Compaction: copies the live items of sparse segments together, so that their places can be reused. An item keeps its
/// location; the index remembers where it lies.
/// </summary>
/// <remarks>
/// Order, by which a crash at any point loses nothing: copy, flush the device, from now on read the copies, commit the
/// index, and only then give the old place away.
/// </remarks>
public sealed partial class BlockStore
{
    private bool IsCompactionDue()
    {
        lock (_gate)
        {
            var few = Limits.ReservedPlacesMin + (_map.PlaceCount / Limits.ReservedPlacesShare);
            var canGrow = _growthRefusedAt is null
                && _storage.Superblock.WrittenBytes < _storage.Geometry.CapacityBytes;
            return !canGrow && _map.FreePlaces < few;
        }
    }

    private async ValueTask CompactAsync()
    {
        List<Segment> victims;
        lock (_gate) victims = _map.TakeVictims();
        var next = 0;
        try
        {
            while (next < victims.Count)
            {
                var batch = TakeBatch(victims, ref next);
                if (!await EmptyAsync(batch)) break;
            }
        }
        finally
        {
            lock (_gate)
            {
                for (; next < victims.Count; next++) _map.EndVictim(victims[next]);
            }
        }
    }

    // As many victims as one new segment can take: a batch needs one free place and frees at least one.
    private List<Segment> TakeBatch(List<Segment> victims, ref int next)
    {
        var batch = new List<Segment>();
        var room = SpaceAccount.SegmentYield(_storage.Geometry.SegmentBytes);
        while (next < victims.Count && (batch.Count == 0 || victims[next].LiveBytes <= room))
        {
            room -= victims[next].LiveBytes;
            batch.Add(victims[next++]);
        }

        return batch;
    }

    private async ValueTask<bool> EmptyAsync(List<Segment> batch)
    {
        var moves = new List<CopiedItem>();
        var copied = true;
        foreach (var victim in batch) copied &= await CopyAsync(victim, moves);
        var flushed = true;
        try
        {
            await _deviceFlushes.RunAsync();
        }
        catch (FsException)
        {
            flushed = false;   // told by FlushDeviceAsync; the copies are garbage
        }

        FinishMoves(batch, moves, flushed);
        if (!flushed) return false;
        try
        {
            await _indexCommits.RunAsync();
            return copied;
        }
        catch (FsException)
        {
            return false;   // told by CommitIndexAsync; the places are given back by the next commit that succeeds
        }
    }

    private void FinishMoves(
        List<Segment> batch, List<CopiedItem> moves, bool flushed)
    {
        lock (_gate)
        {
            var bytes = 0L;
            foreach (var (victim, target, slot, item) in moves)
            {
                if (flushed) _map.Move(victim, target, slot, item);
                target.Writers--;
                bytes += item.StoredBytes;
            }

            _counters.AddMoved(moves.Count, bytes);
            foreach (var victim in batch)
            {
                var place = _map.EndVictim(victim);
                if (place == Segment.NoPlace) continue;
                _left.Add((victim, place));
                _counters.AddEmptied();
            }

            _logger.Compacted(batch.Count, moves.Count, bytes);
        }
    }

    // False when there was no place to copy to, or a read or write failed: the rest stays where it is.
    private async ValueTask<bool> CopyAsync(
        Segment victim, List<CopiedItem> moves)
    {
        var items = new List<MovingItem>();
        lock (_gate) SegmentMap.ListLive(victim, items);
        var names = await ReadNamesAsync(victim);
        using var buffer = _pool.Rent(_storage.Geometry.SegmentBytes);
        for (var next = 0; next < items.Count;)
        {
            var run = await GatherAsync(victim, items, next, buffer.Memory);
            if (run < 0) return false;
            if (run == 0)
            {
                next++;   // damaged: left where it is
                continue;
            }

            if (!await WriteCopiesAsync(victim, items.GetRange(next, run), names, buffer.Memory, moves)) return false;
            next += run;
        }

        return true;
    }

    // Reads items that lie side by side by one read and verifies them. Returns how many are good: 0 when the first is
    // not, -1 when the device failed.
    private async ValueTask<int> GatherAsync(Segment victim, List<MovingItem> items, int first, Memory<byte> buffer)
    {
        var start = (int)(items[first].FromSlot * ChunkLocation.SlotBytes);
        var end = start;
        var count = 0;
        while (first + count < items.Count && items[first + count].FromSlot * ChunkLocation.SlotBytes == end)
        {
            end += items[first + count++].SpaceBytes;
        }

        var offset = _map.OffsetOf(victim, start);
        try
        {
            await _device.ReadAsync(offset, buffer[..(end - start)]);
        }
        catch (FsException fault)
        {
            _counters.AddReadFault();
            _logger.ReadFailed(victim.Id.Value, items[first].FromSlot, offset, fault);
            lock (_gate) victim.HasFailed = true;
            return -1;
        }

        var position = 0;
        for (var i = 0; i < count; i++)
        {
            var item = items[first + i];
            if (Crc32c.Compute(buffer.Span.Slice(position, (int)item.StoredBytes)) != item.Checksum)
            {
                if (i > 0) return i;
                if (!item.IsReferenced) return 0;   // put and not flushed before a crash: its epochs will take it
                lock (_gate) victim.HasFailed = true;   // never a victim again: it cannot be emptied
                _counters.AddChecksumFault();
                _logger.MoveRefused(item.Origin.Id.Value, item.OriginSlot, offset);
                return 0;
            }

            position += item.SpaceBytes;
        }

        return count;
    }

    private async ValueTask<bool> WriteCopiesAsync(
        Segment victim, List<MovingItem> items, Dictionary<uint, DirectoryEntry> names, Memory<byte> bytes,
        List<CopiedItem> moves)
    {
        var done = 0;
        var position = 0;
        while (done < items.Count)
        {
            var first = moves.Count;
            if (!TryPlaceCopies(victim, items, done, names, moves, out var run)) return false;
            var error = await WriteCopyRunAsync(run, bytes.Slice(position, run.LengthBytes));
            if (error != FsError.None)
            {
                lock (_gate)
                {
                    run.Segment.HasFailed = true;
                    run.Segment.Writers -= moves.Count - first;
                }

                moves.RemoveRange(first, moves.Count - first);
                return false;
            }

            position += run.LengthBytes;
            done += run.Count;
        }

        return true;
    }

    // Each copy counts as a writer of its target until FinishMoves: the target is neither swept nor sealed before.
    private bool TryPlaceCopies(
        Segment victim, List<MovingItem> items, int first, Dictionary<uint, DirectoryEntry> names,
        List<CopiedItem> moves, out WriteRun run)
    {
        lock (_gate)
        {
            run = default;
            var lane = _map.Enter(SegmentKind.Moved);
            var target = _map.TakeOpen(lane, items[first].SpaceBytes, out var isNew);
            SegmentMap.Leave(lane);   // compaction is alone in its lane
            if (target is null) return false;
            var offset = target.FillBytes;
            var next = first;
            for (; next < items.Count && _map.HasRoom(target, items[next].SpaceBytes); next++)
            {
                var item = items[next];
                var name = names.GetValueOrDefault(item.FromSlot);
                var slot = SegmentMap.Append(target, item.StoredBytes, new DirectoryEntry(
                    0, item.StoredBytes, item.Checksum, name.Codec, name.Fingerprint,
                    new ChunkLocation(item.Origin.Id, item.OriginSlot)));
                moves.Add(new(victim, target, slot, item));
                target.Writers++;
            }

            run = new WriteRun(target, offset, target.FillBytes - offset, first, next - first, isNew);
            return true;
        }
    }

    private async ValueTask<FsError> WriteCopyRunAsync(WriteRun run, Memory<byte> bytes)
    {
        try
        {
            if (run.IsFirst) await WriteEntryAsync(run.Segment);
            if (run.Segment.HasFailed) return FsError.EIO;
            await _device.WriteAsync(_map.OffsetOf(run.Segment, run.OffsetBytes), bytes);
            return FsError.None;
        }
        catch (FsException fault)
        {
            _logger.WriteFailed(run.Segment.Id.Value, _map.OffsetOf(run.Segment, run.OffsetBytes), fault);
            return fault.Error;
        }
    }

    // What the directory says beyond the index: codec and name of each item, by where it lies.
    private async ValueTask<Dictionary<uint, DirectoryEntry>> ReadNamesAsync(Segment victim)
    {
        List<DirectoryEntry>? kept;
        lock (_gate) kept = victim.Directory is null ? null : [.. victim.Directory];
        var entries = kept ?? [];
        if (kept is null)
        {
            try
            {
                await ReadDirectoryAsync(victim.Id, _map.OffsetOf(victim, 0), entries);
            }
            catch (FsException fault)
            {
                _counters.AddReadFault();
                _logger.ReadFailed(victim.Id.Value, 0, _map.OffsetOf(victim, 0), fault);
            }
        }

        var names = new Dictionary<uint, DirectoryEntry>();
        foreach (var entry in entries) names[entry.Slot] = entry;
        return names;
    }

    // Null when the directory is good, else what is wrong with it.
    private async ValueTask<string?> ReadDirectoryAsync(
        SegmentId segment, long placeOffset, List<DirectoryEntry> entries)
    {
        var bytes = SegmentDirectory.BytesFor(SegmentDirectory.CountMax(_storage.Geometry.SegmentBytes));
        using var tail = _pool.Rent(bytes);
        await _device.ReadAsync(placeOffset + _storage.Geometry.SegmentBytes - bytes, tail.Memory[..bytes]);
        return SegmentDirectory.TryRead(
            tail.GetSpan()[..bytes], segment, _storage.Geometry.SegmentBytes, entries);
    }
}
