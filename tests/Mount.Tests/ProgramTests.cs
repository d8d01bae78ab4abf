using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests;

/// <summary>Databases, compilers and other users on the mount.</summary>
public sealed class ProgramTests
{
    [Theory, InlineData("wal"), InlineData("delete")]
    public async Task Sqlite_keeps_its_integrity(string journal)
    {
        await using var mount = await DevMount.StartAsync("512M");
        await Shell.RunAsync($"""
            sqlite3 db \
              'pragma journal_mode={journal}; create table t(id integer primary key, v text); create index i on t(v);' \
              >/dev/null
            for round in 1 2 3 4; do
              (echo 'pragma busy_timeout=20000;'
               for i in $(seq 100); do echo "insert into t(v) values(hex(randomblob(500)));"; done
              ) | sqlite3 db >/dev/null & first=$!
              (echo 'pragma busy_timeout=20000; begin immediate;'
               for i in $(seq 500); do echo "insert into t(v) values($i);"; done
               echo 'commit;'
              ) | sqlite3 db >/dev/null & second=$!
              wait $first; wait $second
            done
            test "$(sqlite3 db 'select count(*) from t')" = 2400
            test "$(sqlite3 db 'pragma integrity_check')" = ok
            """, mount.MountPoint);
        await mount.RestartAsync();
        await Shell.RunAsync(
            "test \"$(sqlite3 db 'pragma integrity_check; select count(*) from t' | tr '\\n' ' ')\" = 'ok 2400 '",
            mount.MountPoint);
    }

    [Fact]
    public async Task A_program_is_compiled_and_run()
    {
        await using var mount = await DevMount.StartAsync("512M");
        await Shell.RunAsync("""
            for i in 1 2 3 4 5; do echo "int f$i(void) { return $i; }" >f$i.c; done
            printf '#include <stdio.h>\n#include <sys/mman.h>\n#include <fcntl.h>\n'\
            'int f1(void),f2(void),f3(void),f4(void),f5(void);\n'\
            'int main(void){int d=open("map",O_RDWR|O_CREAT,0644);if(ftruncate(d,8192))return 1;'\
            'char*p=mmap(0,8192,3,MAP_SHARED,d,0);p[5000]=65;msync(p,8192,MS_SYNC);char c;pread(d,&c,1,5000);'\
            'printf("%%d %%c\\n",f1()+f2()+f3()+f4()+f5(),c);return 0;}\n' \
              | sed 's/#include <fcntl.h>/#include <fcntl.h>\n#include <unistd.h>/' >main.c
            for f in *.c; do gcc -O1 -c $f; done
            ar rc libf.a f?.o && gcc -o program main.o libf.a
            test "$(./program)" = "15 A"
            """, mount.MountPoint);
    }

    [Fact]
    public async Task Another_user_with_supplementary_groups_has_the_rights_of_its_groups()
    {
        await using var mount = await DevMount.StartAsync("256M");
        await Shell.RunAsync("""
            mkdir shared private sticky sgid; chown 0:4242 shared sgid
            chmod 2770 sgid; chmod 0770 shared; chmod 0700 private; chmod 1777 sticky
            touch sticky/roots; chmod 666 sticky/roots
            as() { setpriv --reuid 1234 --regid 1234 --groups 4242,4243 "$@"; }
            other() { setpriv --reuid 1235 --regid 1235 --clear-groups "$@"; }
            as touch shared/file
            test "$(stat -c '%u %g' shared/file)" = '1234 1234'
            as touch sgid/file && as mkdir sgid/dir
            test "$(stat -c '%g' sgid/file)" = 4242 && test "$(stat -c '%g %a' sgid/dir)" = '4242 2755'
            ! other touch shared/file 2>/dev/null
            ! as touch private/file 2>/dev/null
            ! as rm -f sticky/roots 2>/dev/null
            as touch sticky/mine && ! other rm -f sticky/mine 2>/dev/null && as rm sticky/mine
            as sh -c 'echo x >shared/file && chgrp 4243 shared/file' && ! as chgrp 4244 shared/file 2>/dev/null
            ! other cat shared/file 2>/dev/null
            """, mount.MountPoint);
    }

    [Fact]
    public async Task An_open_file_outlives_its_last_name()
    {
        await using var mount = await DevMount.StartAsync("256M");
        await Shell.RunAsync("""
            head -c 1000000 /dev/urandom >f; sum=$(sha256sum <f)
            exec 3<>f; rm f
            test "$(sha256sum </dev/fd/3)" = "$sum" || test "$(cat <&3 | sha256sum)" = "$sum"
            echo more >&3; exec 3>&-
            """, mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }
}
