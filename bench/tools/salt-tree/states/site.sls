# What both sides of the measurement run: a little of everything, so that the tool's own time is a real one.
bench:
  group.present:
    - system: true
  user.present:
    - gid: bench
    - system: true
    - shell: /usr/sbin/nologin

tree:
  pkg.installed

/etc/bench.d:
  file.directory:
    - mode: '0755'

{% for number in range(1, 11) %}
/etc/bench.d/{{ number }}.conf:
  file.managed:
    - contents: number = {{ number }}
    - mode: '0644'
{% endfor %}

/etc/bench-note:
  file.managed:
    - contents: {{ grains['id'] }} with {{ grains['os'] }}
    - mode: '0644'
